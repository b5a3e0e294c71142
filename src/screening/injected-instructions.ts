import type { Detector, Span } from './detector.ts'
import type { Finding } from './finding.ts'
import { cleanText } from './hidden-characters.ts'
import { instructionFindings } from './instructions.ts'

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
  const whole = ordersIn(piece)
  const [first] = whole
  if (first === undefined) return []
  const spans: Span[] = []
  let start = 0
  for (const line of piece.split('\n')) {
    const [order] = line.length < 12 ? [] : ordersIn(line)
    if (order !== undefined) spans.push(span(order, at + start, at + start + line.length))
    start += line.length + 1
  }
  // It runs over several lines.
  return spans.length > 0 ? spans : [span(first, at, at + piece.length)]
}

const ascii = /^[\t\n\r -~]*$/

function ordersIn(text: string): Finding[] {
  // What is hidden between the letters must not hide the words.
  const seen = ascii.test(text) ? text : cleanText(text)
  return instructionFindings(seen, '').filter(({ kind, severity }) => kind === 'instruction' && severity === 'danger')
}

const span = ({ what }: Finding, start: number, end: number): Span => ({ kind: 'instruction', what, start, end })
