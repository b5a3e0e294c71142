import type { Json, JsonObject } from '../core/json.ts'
import { leftOut } from '../core/log-entry.ts'
import type { ToolOutput } from '../core/tool.ts'
import type { Detector, Found, Plan } from '../screening/screening.ts'
import { detectors, screenOutput, screenValue } from '../screening/screening.ts'
import type { CallScreen, Screened, ScreenedRequests, ToolCall } from './ports.ts'
import { scrub } from './scrub.ts'

export type ScreenUse = {
  /** Live credentials that are in this session's memory. */
  secrets: () => readonly string[]
  by?: readonly Detector[]
}

/** Looks at what one call brings back. `plan: null`: the administrator wants nothing looked for. */
export const screenCall = (plan: Plan | null, call: Pick<ToolCall, 'about'>, use: ScreenUse): CallScreen =>
  new OneCallScreen(plan, call, use)

class OneCallScreen implements CallScreen {
  readonly #plan: Plan | null
  readonly #call: Pick<ToolCall, 'about'>
  readonly #secrets: () => readonly string[]
  readonly #by: readonly Detector[]
  readonly #found: Found[] = []
  readonly #labels: Set<string>

  constructor(plan: Plan | null, call: Pick<ToolCall, 'about'>, { secrets, by = detectors }: ScreenUse) {
    this.#plan = plan
    this.#call = call
    this.#secrets = secrets
    this.#by = by
    this.#labels = new Set(plan?.labels)
  }

  get taint(): readonly string[] {
    return [...this.#labels]
  }

  get findings(): readonly Json[] {
    return this.#found as unknown as Json[]
  }

  streams(watched: ToolCall, onTaint: (labels: readonly string[]) => void): ToolCall {
    const { onProgress, onLog } = watched
    if (!onProgress && !onLog) return watched
    const clean = (value: Json): Json => this.#clean(value, onTaint)
    return {
      ...watched,
      ...(onProgress && {
        onProgress: ({ message, ...rest }) =>
          onProgress(message === undefined ? rest : { ...rest, message: clean(message) as string }),
      }),
      ...(onLog && {
        onLog: ({ logger, data = null, ...rest }) =>
          onLog({ ...rest, ...(logger !== undefined && { logger: clean(logger) }), data: clean(data) }),
      }),
    }
  }

  requests(requests: JsonObject): ScreenedRequests {
    const scrubbed = scrub(requests, this.#secrets()) as JsonObject
    const wordsOnly = this.#plan && ordersOf(this.#plan)
    if (wordsOnly === null || wordsOnly.treatments.size === 0) return { requests: scrubbed, withheld: false }
    const screened = screenValue(scrubbed, wordsOnly, this.#by)
    this.#saw(screened)
    return { requests: screened.value as JsonObject, withheld: screened.withheld }
  }

  output(output: ToolOutput): Screened {
    const scrubbed = scrub(output as unknown as Json, this.#secrets()) as unknown as ToolOutput
    if (scrubbed !== output) this.#found.push(ownCredential)
    if (this.#plan === null) return { output: scrubbed, withheld: false }
    const result = this.#call.about === undefined ? 'tool' : 'other'
    const screened = screenOutput(scrubbed, this.#plan, { result, by: this.#by })
    this.#saw(screened)
    return { output: screened.output, withheld: screened.withheld }
  }

  #clean(value: Json, onTaint: (labels: readonly string[]) => void): Json {
    const scrubbed = scrub(value, this.#secrets())
    if (scrubbed !== value && this.#found.length < mostFound) this.#found.push(ownCredential)
    if (this.#plan === null) return scrubbed
    const screened = screenValue(scrubbed, this.#plan, this.#by)
    this.#saw(screened)
    if (this.#labels.size > 0) onTaint(this.taint)
    return screened.found.every(({ action }) => action === 'mask') ? screened.value : leftOut
  }

  #saw({ found, labels }: { found: readonly Found[]; labels: ReadonlySet<string> }): void {
    this.#found.push(...found.slice(0, mostFound - this.#found.length))
    for (const label of labels) this.#labels.add(label)
  }
}

/** A server that says the same in every message must not fill the record. */
const mostFound = 100

/** A question shows the person what it is about and a link with what its server needs: only orders and hidden text are not for them. */
function ordersOf({ labels, treatments }: Plan): Plan {
  return {
    labels,
    treatments: new Map([...treatments].filter(([kind]) => kind === 'instruction' || kind === 'hidden')),
  }
}

const ownCredential: Found = { kind: 'secret', what: 'own credential', path: '', action: 'mask' }
