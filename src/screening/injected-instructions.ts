import type { Detector, Span } from './detector.ts'
import type { Finding } from './finding.ts'
import { orderIn } from './instructions.ts'

/** Long texts are looked at in pieces that overlap, so that nothing hides on an edge. */
const pieceLength = 100_000
const overlap = 2_000

/**
 * Words to the model in what a tool returned, by the same patterns as in definitions. Where a line holds one, the whole line
 * is its span: what stands beside an order belongs to it.
 */
export const injectedInstructions: Detector = {
  kinds: ['instruction'],
  find(text) {
    const spans: Span[] = []
    for (let start = 0; start === 0 || start + overlap < text.length; start += pieceLength - overlap) {
      spans.push(...inPiece(text.slice(start, start + pieceLength), start))
    }
    return spans
  },
}

function inPiece(piece: string, at: number): Span[] {
  const first = orderIn(piece)
  if (first === null) return []
  const spans: Span[] = []
  let start = 0
  for (const line of piece.split('\n')) {
    const order = line.length < 12 ? null : orderIn(line)
    if (order !== null) spans.push(span(order, at + start, at + start + line.length))
    start += line.length + 1
  }
  // It runs over several lines.
  return spans.length > 0 ? spans : [span(first, at, at + piece.length)]
}

const span = ({ what }: Finding, start: number, end: number): Span => ({ kind: 'instruction', what, start, end })
