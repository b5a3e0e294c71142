import type { JsonObject } from '../core/json.ts'
import type { Behaviour } from '../core/tool.ts'
import { isToolWorker } from '../core/tool-worker.ts'
import { unclassified } from './upstream-tools.ts'
import { proposedBehaviour } from './worker-tools.ts'

type Pin = {
  kind: string
  name: string
  status: string
  behaviour: Behaviour | null
  definition: JsonObject
  proposed: JsonObject | null
}

/** What a tool is to rules while it is admitted, and what it becomes when somebody admits it without another word. Null: no tool. */
export function countsAs(url: string, pin: Pin): Behaviour | null {
  if (pin.kind !== 'tool') return null
  if (pin.status !== 'admitted') return onceAdmitted(url, pin)
  return pin.behaviour ?? (isToolWorker(url) ? onceAdmitted(url, pin) : unclassified)
}

/** A tool Worker's own word is part of what is admitted, and a new one replaces the one before. */
export function onceAdmitted(url: string, pin: Omit<Pin, 'status'>): Behaviour | null {
  if (pin.kind !== 'tool') return null
  const before = isToolWorker(url) ? null : pin.behaviour
  return before ?? proposedBehaviour(url, pin.name, pin.proposed ?? pin.definition)
}
