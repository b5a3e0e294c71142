/**
 * What a gateway offers: which tools, under which names. Knows our toolkits and what upstreams were admitted to offer;
 * never who asks and never a credential. Plain data in, plain data out: the snapshot keeps the result.
 */
export type { Pin, UpstreamSource } from './upstream-tools.ts'
export { matches } from './naming.ts'
export { offer } from './offer.ts'
export type { Offer, OfferFault, Sources } from './offer.ts'
export { ownToolsHash } from './own-tools.ts'
export { selectionSchema } from './selection.ts'
export type { Selection } from './selection.ts'
export type { OfferedUpstream } from './offered-upstream.ts'
export type { UpstreamCredentials, UpstreamSettings } from './upstream-settings.ts'
export { upstreamSettingsSchema } from './upstream-settings.ts'
export type { DefinitionKind, Difference } from './definition.ts'
export { definitionDifferences, definitionHash, definitionName } from './definition.ts'
export type { Finding } from './finding.ts'
export { cleanText, showHidden, showHiddenIn } from './hidden-characters.ts'
export { scanJson, scanText } from './hygiene.ts'
export type { AdmitPolicy, Listed, PinChange, StoredPin } from './pins.ts'
export { reviewPins, scanDefinition } from './pins.ts'
export { suggestBehaviour } from './suggest-behaviour.ts'
export { settingsOf } from './upstream-tools.ts'
export { offeredUpstream } from './offered-upstream.ts'
