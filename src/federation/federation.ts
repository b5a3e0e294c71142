/**
 * Front door. The project's MCP servers: looking at one, adding it, admitting what it offers, noticing when it changes, and
 * how it is doing. It writes pins and gateway versions; what a session does with a server is `runtime`'s.
 */
export type { Health } from './health.ts'
export { nextCheckAt, readHealth } from './health.ts'
export type { Look, LookedAt } from './look.ts'
export { lookAt } from './look.ts'
export type { NewUpstream, PinDecision } from './manage.ts'
export { decidePins, pendingHash, removeUpstream, saveUpstream } from './manage.ts'
export { listAs } from './list-as.ts'
export type { PinRow, UpstreamRow } from './store.ts'
export { listUpstreamRows, readPins, readUpstreamRow } from './store.ts'
export type { Synced } from './sync.ts'
export { syncUpstream } from './sync.ts'
export { federationUse } from './use.ts'
export type { FederationUse } from './use.ts'
export type { KnownClient, SignIn } from './sign-in.ts'
export { setUpService, setUpSignIn } from './sign-in.ts'
export { withSignInFault } from './sign-in-fault.ts'
export { settingsOf, upstreamSettingsSchema } from '../catalog/catalog.ts'
export { showHidden, showHiddenIn } from '../screening/screening.ts'
export { countsAs, definitionDifferences, listedDifferences } from '../catalog/catalog.ts'
export { Watch } from './watch.ts'
