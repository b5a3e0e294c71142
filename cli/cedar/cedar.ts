import { createRequire } from 'node:module'
import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs'
import { Fault } from '../command.ts'

/** Loaded when it is first needed: it is four megabytes, and a development dependency. */
let loaded: typeof Cedar | null = null

export function cedar(): typeof Cedar {
  loaded ??= createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as typeof Cedar
  return loaded
}

export function policyToText(policy: Cedar.PolicyJson): string {
  const answer = cedar().policyToText(policy)
  if (answer.type === 'failure') throw new Error(`Cedar refuses our policy: ${messages(answer.errors)}`)
  const formatted = cedar().formatPolicies({ policyText: answer.text, lineWidth: 100, indentWidth: 2 })
  return formatted.type === 'success' ? formatted.formatted_policy.trimEnd() : answer.text
}

/** Each policy of a text. Throws a `Fault` with Cedar's own words. */
export function parsePolicies(text: string): Cedar.PolicyJson[] {
  const parts = cedar().policySetTextToParts(text)
  if (parts.type === 'failure') throw new Fault(messages(parts.errors))
  if (parts.policy_templates.length > 0) throw new Fault('Templates cannot be imported.')
  return parts.policies.map((policy) => {
    const answer = cedar().policyToJson(policy)
    if (answer.type === 'failure') throw new Fault(messages(answer.errors))
    return answer.json
  })
}

const messages = (errors: readonly { message: string }[]): string => errors.map(({ message }) => message).join('; ')
