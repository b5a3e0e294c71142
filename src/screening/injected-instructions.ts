import type { Detector, Span } from './detector.ts'
import { ordersIn } from './instructions.ts'

/** Long texts are looked at in pieces that overlap, so that nothing hides on an edge. */
const pieceLength = 100_000
const overlap = 2_000

/**
 * Words to the model in what a tool returned, by the same patterns as in definitions. The lines that hold one are its span, from
 * the first to the last: what stands beside an order belongs to it.
 */
export const injectedInstructions: Detector = {
  kinds: ['instruction'],
  find(text) {
    const orders: Order[] = []
    for (let at = 0; at === 0 || at + overlap < text.length; at += pieceLength - overlap) {
      for (const { what, start, end } of ordersIn(text.slice(at, at + pieceLength))) {
        orders.push({ what, start: at + start, end: at + end })
      }
    }
    return orders.length === 0 ? [] : wholeLines(text, orders)
  },
}

type Order = { what: string; start: number; end: number }

function wholeLines(text: string, orders: readonly Order[]): Span[] {
  const spans: Span[] = []
  let covered = 0
  for (const { what, start, end } of orders.toSorted((one, other) => one.start - other.start)) {
    if (end <= covered) continue
    const from = Math.max(covered, text.lastIndexOf('\n', Math.max(start, covered) - 1) + 1)
    const stop = text.indexOf('\n', end - 1)
    covered = stop < 0 ? text.length : stop
    spans.push({ kind: 'instruction', what, start: from, end: covered })
  }
  return spans
}
