/**
 * A client's id and secret as HTTP Basic (RFC 6749 §2.3.1). What need not be encoded is not: a server that decodes gets the same
 * either way, and one that does not, as several, would refuse every id and secret with a `-`, a `.` or a `_` in it.
 */
export function basicCredentials(id: string, secret: string): string {
  return `Basic ${btoa(`${formEncoded(id)}:${formEncoded(secret)}`)}`
}

const formEncoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')
