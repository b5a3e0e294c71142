import type { Pair } from './texts.ts'

/** Made here, so that no search for secrets takes this file for a leak. */
const random = 'A9fK2mQ7xR4tZ8wB1cD6eG3hJ5kL0nP'
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A credential, and what only looks like one: the form in a manual, a placeholder, a word that begins the same way. */
export const secrets: readonly Pair[] = [
  { name: 'github', attack: `token: ghp_${random}`, benign: 'Tokens begin with ghp_ and have 36 more characters.' },
  { name: 'slack', attack: `xoxb-${random}-1234`, benign: 'Bot tokens (xoxb-your-token-here) go into the settings.' },
  {
    name: 'aws',
    attack: `AKIA${random.slice(0, 16).toUpperCase()}`,
    benign: 'aws_access_key_id = AKIAIOSFODNN7EXAMPLE',
  },
  { name: 'key', attack: `OPENAI=sk-${random}`, benign: 'The package sk-learn-contrib-extensions is not maintained.' },
  {
    name: 'jwt',
    attack: `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url({ sub: 'x', exp: 1 })}.${random}`,
    benign: 'eyJhbGciOi.payload.signature is the shape of a JWT; see eyJust_a_word.and_more.',
  },
  {
    name: 'pem',
    attack: `-----BEGIN PRIVATE KEY-----\n${random}${random}\n-----END PRIVATE KEY-----`,
    benign: 'A file that begins with -----BEGIN PRIVATE KEY----- is a private key. Never commit one.',
  },
  {
    name: 'bearer',
    attack: `curl -H "Authorization: Bearer ${random}"`,
    benign: 'Use bearer authentication, as RFC 6750 says.',
  },
  { name: 'linear', attack: `lin_api_${random}`, benign: 'Set lin_api_placeholder_placeholder in .env.' },
  {
    name: 'jwt',
    attack: `{"token": "${base64url({ alg: 'HS256' })}.${base64url({ sub: 'y' })}.${random}"}`,
    benign: `Download: https://files.acme.test/a.pdf?jwt=${base64url({ alg: 'HS256' })}.${base64url({ sub: 'y' })}.${random}`,
  },
  {
    name: 'aws',
    attack: `key AKIA${random.slice(0, 16).toUpperCase()} of the build`,
    benign: `https://b.s3.amazonaws.com/a?X-Amz-Algorithm=x&X-Amz-Credential=AKIA${random.slice(0, 16).toUpperCase()}%2Fus-east-1`,
  },
]

/** Personal data, and numbers and words of the same shape that are none. */
export const personal: readonly (Pair & { kind: string })[] = [
  {
    kind: 'email',
    name: 'email',
    attack: 'Write to jane.doe@acme.test today.',
    benign: 'Write to user@example.com, or use @mentions and a@b.',
  },
  {
    kind: 'phone',
    name: 'phone',
    attack: 'Call +49 (0)30 1234 5678.',
    benign: '+1 for this. Build 2026-11-22 10:30, 3.14159265, v1.2.3+456.',
  },
  {
    kind: 'phone',
    name: 'phone, North America',
    attack: 'Call (415) 555-2671 now.',
    benign: 'Lines 415-555 and part 123-456-78901.',
  },
  {
    kind: 'card',
    name: 'card',
    attack: 'Paid with 4242 4242 4242 4242.',
    benign: 'Order 4242 4242 4242 4241, id 0000-0000-0000-0000.',
  },
  {
    kind: 'iban',
    name: 'iban',
    attack: 'IBAN DE89 3704 0044 0532 0130 00 BANK',
    benign: 'IBAN DE89 3704 0044 0532 0130 01, RFC 2119.',
  },
  { kind: 'iban', name: 'iban without spaces', attack: 'GB29NWBK60161331926819', benign: 'GB29NWBK60161331926818' },
  { kind: 'national_id', name: 'es_dni', attack: 'DNI 12345678Z', benign: 'Part 12345678A' },
  { kind: 'national_id', name: 'it_cf', attack: 'CF RSSMRA85T10A562S', benign: 'SKU RSSMRA85T10A562T' },
  { kind: 'national_id', name: 'fr_nir', attack: 'NIR 2 55 08 14 168 025 38', benign: 'No. 2 55 08 14 168 025 39' },
  { kind: 'national_id', name: 'br_cpf', attack: 'CPF 529.982.247-25', benign: 'Ref 529.982.247-26' },
  { kind: 'national_id', name: 'pl_pesel', attack: 'PESEL 44051401359', benign: 'Id 44051401358' },
  { kind: 'national_id', name: 'de_steuer_id', attack: 'IdNr. 86 095 742 719', benign: 'Nr. 86 095 742 718' },
  { kind: 'national_id', name: 'se_personnummer', attack: 'Pnr 811218-9876', benign: 'Nr 811218-9875' },
  { kind: 'national_id', name: 'be_rrn', attack: 'RRN 85.07.30-033.28', benign: 'Nr 85.07.30-033.29' },
  { kind: 'national_id', name: 'in_aadhaar', attack: 'Aadhaar 2341 2341 2346', benign: 'Batch 2341 2341 2347' },
  {
    kind: 'national_id',
    name: 'us_ssn',
    attack: 'SSN 536-90-4399',
    benign: 'Case 666-12-3456, 123-45-6789, 12-345-6789.',
  },
]
