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
export function screenCall(plan: Plan | null, call: Pick<ToolCall, 'about'>, use: ScreenUse): CallScreen {
  const { secrets, by = detectors } = use
  const found: Found[] = []
  const labels = new Set<string>(plan?.labels)
  const seen = (one: { found: readonly Found[]; labels: ReadonlySet<string> }): void => {
    found.push(...one.found.slice(0, mostFound - found.length))
    for (const label of one.labels) labels.add(label)
  }

  return {
    get taint() {
      return [...labels]
    },
    get findings() {
      return found as unknown as Json[]
    },

    streams(watched, onTaint) {
      const { onProgress, onLog } = watched
      if (!onProgress && !onLog) return watched
      const clean = (value: Json): Json => {
        const scrubbed = scrub(value, secrets())
        if (scrubbed !== value && found.length < mostFound) found.push(ownCredential)
        if (plan === null) return scrubbed
        const screened = screenValue(scrubbed, plan, by)
        seen(screened)
        if (labels.size > 0) onTaint([...labels])
        return screened.found.every(({ action }) => action === 'mask') ? screened.value : leftOut
      }
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
    },

    requests(requests): ScreenedRequests {
      const scrubbed = scrub(requests, secrets()) as JsonObject
      const wordsOnly = plan && ordersOf(plan)
      if (wordsOnly === null || wordsOnly.treatments.size === 0) return { requests: scrubbed, withheld: false }
      const screened = screenValue(scrubbed, wordsOnly, by)
      seen(screened)
      return { requests: screened.value as JsonObject, withheld: screened.withheld }
    },

    output(output): Screened {
      const scrubbed = scrub(output as unknown as Json, secrets()) as unknown as ToolOutput
      if (scrubbed !== output) found.push(ownCredential)
      if (plan === null) return { output: scrubbed, withheld: false }
      const screened = screenOutput(scrubbed, plan, { result: call.about === undefined ? 'tool' : 'other', by })
      seen(screened)
      return { output: screened.output, withheld: screened.withheld }
    },
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
