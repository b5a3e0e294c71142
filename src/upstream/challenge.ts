/** What a `WWW-Authenticate: Bearer` challenge asks for (RFC 6750 §3, RFC 9728 §5.1). Chosen by the upstream: judge it before use. */
export type Challenge = { error?: string; scope?: string; resourceMetadata?: string }

const maxLength = 4096

export function readChallenge(header: string | null): Challenge {
  if (header === null || header.length > maxLength) return {}
  const start = /(?:^|,)\s*Bearer(?:\s+|$)/i.exec(header)
  if (!start) return {}
  const challenge: Challenge = {}
  const parameters = header.slice(start.index + start[0].length)
  for (const [, name = '', quoted, bare] of parameters.matchAll(
    /([A-Za-z_]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
  )) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? ''
    if (name === 'error') challenge.error ??= value
    if (name === 'scope') challenge.scope ??= value
    if (name === 'resource_metadata') challenge.resourceMetadata ??= value
  }
  return challenge
}
