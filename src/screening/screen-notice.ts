import type { Json } from '../core/json.ts'
import { leftOut } from '../core/log-entry.ts'
import type { Plan } from './plan.ts'
import { detectors } from './screen-output.ts'
import { screenValue } from './screen-value.ts'

const plan: Plan = {
  labels: [],
  treatments: new Map([
    ['instruction', { action: 'withhold', label: null }],
    ['hidden', { action: 'mask', label: null }],
    ['secret', { action: 'mask', label: null }],
  ]),
}

/**
 * What a server says outside of any call. No rule of a gateway is about it, and there is no result to mark: what is masked in
 * results by default is masked, and a text that gives orders is left out whole.
 */
export function screenNotice<T extends Json>(value: T): T | string {
  const screened = screenValue(value, plan, detectors)
  return screened.withheld ? leftOut : (screened.value as T)
}
