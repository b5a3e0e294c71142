import { describe, expect, it } from 'vitest'
import type { CallId } from '../../src/core/ids.ts'
import { childTrace, traceAttributes, traceOf } from '../../src/session/trace.ts'

const id = '0190a000-0000-7000-8abc-0123456789ab' as CallId
const trace = '0af7651916cd43dd8448eb211c80319c'
const parent = '00f067aa0ba902b7'
const of = (traceparent?: string, tracestate?: string) => ({
  id,
  ...(traceparent === undefined ? {} : { traceparent }),
  ...(tracestate === undefined ? {} : { tracestate }),
})

describe('the trace of a call', () => {
  it("continues the caller's, with a span of its own", () => {
    expect(traceAttributes(of(`00-${trace}-${parent}-01`))).toEqual({
      trace_id: trace,
      span_id: '8abc0123456789ab',
      parent_span_id: parent,
    })
  })

  it('begins where the caller has none', () => {
    expect(traceAttributes(of())).toEqual({ trace_id: '0190a000000070008abc0123456789ab', span_id: '8abc0123456789ab' })
  })

  it.each([
    'nonsense',
    `00-${'0'.repeat(32)}-${parent}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `ff-${trace}-${parent}-01`,
    `00-${trace.toUpperCase()}-${parent}-01`,
    `00-${trace}-${parent}`,
    `00-${trace}-${parent}-01\r\nx: y`,
  ])('begins anew when the caller sent no trace context: %j', (header) => {
    expect(traceOf(of(header)).parentSpanId).toBeNull()
    expect(childTrace(of(header, 'vendor=1'))).toEqual({
      traceparent: '00-0190a000000070008abc0123456789ab-2abc0123456789ab-01',
    })
  })

  it('goes on to the service under our span for it, with the state and the choice of the caller', () => {
    expect(childTrace(of(`00-${trace}-${parent}-00`, 'vendor=1'))).toEqual({
      traceparent: `00-${trace}-2abc0123456789ab-00`,
      tracestate: 'vendor=1',
    })
    expect(traceAttributes(of(`00-${trace}-${parent}-00`))).toMatchObject({ trace_flags: 0 })
  })

  it('is read in a later version of the header too, as far as this one goes', () => {
    expect(traceOf(of(`01-${trace}-${parent}-01-more`))).toMatchObject({ traceId: trace, parentSpanId: parent })
  })
})
