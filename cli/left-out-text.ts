import { plainLine } from '../src/audit/neutralise.ts'

export type LeftOut = { path: string; message: string; hidden?: string[] }
export type Republished = { gateway: string; version: number; leftOut: LeftOut[] }

/** What gateways do not offer as their documents say, and what settles it. Names in it are other people's. */
export function leftOutLines(republished: readonly Republished[]): string[] {
  return republished.flatMap(({ gateway, leftOut }) =>
    leftOut.map(({ path, message, hidden }) =>
      plainLine(`${gateway}: ${hidden ? 'hidden from everybody, ' : ''}${path}: ${message}`),
    ),
  )
}
