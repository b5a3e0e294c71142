/**
 * Front door. The configuration of gateways: the document, its immutable versions, the compiled snapshot that sessions run on,
 * and the Hub that keeps live sessions at the live version. Decides nothing about a call and never sees a credential.
 */
export { diff } from './diff.ts'
export type { Difference } from './diff.ts'
export { isAssigned, compileSnapshot } from './snapshot.ts'
export type { Snapshot } from './snapshot.ts'
export { documentJsonSchema, parseDocument, reservedNames } from './document.ts'
export type { Fault, GatewayDocument } from './document.ts'
export type { FindingSettings, OwnToolName } from './finding.ts'
export { ownToolNames, shownOwnTools } from './finding.ts'
export { knownTools, ruleWarnings } from './check-rules.ts'
export { resolveGateway } from './route.ts'
export { loadSnapshot } from './load-snapshot.ts'
export { publish, setEnabled } from './publish.ts'
export type { Publication, Published } from './publish.ts'
export { listHeads, listVersions, readHead, readHeadBySlug, readUpstreams, readVersion } from './store.ts'
export type { Head, VersionRow } from './store.ts'
export { endSessions } from './end-sessions.ts'
export { openChanges } from './changes.ts'
export { hubName, hubOf } from './hub-api.ts'
export type { Change, HubApi, HubStatus, Match, Member, Reach } from './hub-api.ts'
export { Hub } from './hub.ts'
