/**
 * Front door. Looks at texts that others wrote: definitions of tools before an administrator admits them, and results before
 * anybody sees them. Finds words to the model, hidden text, live credentials and personal data. Pure, and linear in the
 * length of the text; no model is asked.
 */
export type { Detector, Kind, Span } from './detector.ts'
export { kinds } from './detector.ts'
export type { Finding } from './finding.ts'
export { finding } from './finding.ts'
export { showHidden, showHiddenIn } from './hidden-characters.ts'
export { scanJson, scanName, scanText } from './hygiene.ts'
export {
  assignedPattern,
  cardPattern,
  memberNamePattern,
  memberValuePattern,
  quotedPattern,
  secretPatterns,
} from './secret-patterns.ts'
export { passesLuhn } from './checksums.ts'
export { screeningSchema, type ScreeningSettings } from './settings.ts'
export { compileScreening, possibleLabels, type Plan, type Planner } from './plan.ts'
export { screenNotice } from './screen-notice.ts'
export { screenValue, type Found } from './screen-value.ts'
export { detectors, screenOutput, type ScreenedOutput } from './screen-output.ts'
