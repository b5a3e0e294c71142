import type { Children } from '../children.ts'
import type { DemoDeployment } from '../seed-demo.ts'
import type { Sandbox } from './sandbox.ts'

/** One client that others made, at one version, and what is tried with it. */
export type ClientCheck = {
  /** As `--only` names it. */
  name: string
  /** The npm package, at the version that is checked. */
  package: string
  version: string
  /** The program of that package. */
  program: string
  /** What a computer like this cannot show, and why. */
  notCovered?: string
  /** Tells what was seen as it is seen. Throws with the reason when something is not as it should be. */
  run(use: ClientUse): Promise<void>
}

/** The gateway under test, and what a client needs around itself. */
export type ClientUse = {
  see: (what: string) => void
  sandbox: Sandbox
  /** Path of the program. */
  program: string
  gateway: { name: string; url: string }
  /** For clients that are given a key instead of a sign-in: the service account's. */
  appKey: string
  /** A client id an administrator made, for clients whose own client id document cannot be fetched offline. */
  clientId: string
  /** Somebody at a browser, who goes wherever a link leads and says yes on the way. */
  open: (url: string) => Promise<string>
  /** In place of a model. */
  model: { url: string }
  deployment: DemoDeployment
  /** For a server beside the gateway, at a port the Worker may call. */
  children: Children
  samplePort: number
}

export type ClientResult = {
  name: string
  version: string
  seen: readonly string[]
  /** Null: passed. */
  failure: string | null
  log: string
  notCovered?: string
}

/** Throws with what was expected, and the end of what came instead. */
export function expectOutput(output: string, expected: RegExp, what: string): void {
  if (!expected.test(output)) throw new Error(`${what}: there is no ${expected} in\n${output.trim().slice(-600)}`)
}

/** The words of a line that a person pastes, after the program's name. */
export const wordsOf = (line: string): string[] => line.split(' ').slice(1)
