/**
 * One JSON line for the operator. `event` is a fixed name; what came from outside goes into `fields`, where JSON escapes it
 * (attack case 59). Never a token, a body or a header that carries one.
 */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>

export function logNotice(event: string, fields: Fields = {}): void {
  console.log(JSON.stringify({ level: 'notice', event, ...fields }))
}

export function logFault(event: string, fault: unknown, fields: Fields = {}): void {
  console.error(JSON.stringify({ level: 'error', event, ...fields, fault: describe(fault) }))
}

function describe(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  const cause = fault.cause === undefined ? '' : ` <- ${describe(fault.cause)}`
  return `${fault.stack ?? `${fault.name}: ${fault.message}`}${cause}`
}
