/**
 * What a gateway offers: which tools, under which names. Knows our toolkits and what upstreams were admitted to offer;
 * never who asks and never a credential. Plain data in, plain data out: the snapshot keeps the result.
 */
export type { Pin, UpstreamSource } from './upstream-tools.ts'
export type { App } from './apps.ts'
export { appOf } from './apps.ts'
export { sentences } from './search/fields.ts'
export { ToolIndex } from './search/tool-index.ts'
export { matches } from './naming.ts'
export { offer } from './offer.ts'
export type { Offer, OfferFault, Sources } from './offer.ts'
export { ownToolsHash } from './own-tools.ts'
export { selectionSchema } from './selection.ts'
export type { Selection } from './selection.ts'
export type { OfferedUpstream } from './offered-upstream.ts'
export type { UpstreamCredentials, UpstreamSettings } from './upstream-settings.ts'
export { credentialHeaders, needsOf, upstreamSettingsSchema } from './upstream-settings.ts'
export type { DefinitionKind, Difference } from './definition.ts'
export { definitionDifferences, definitionHash, definitionName } from './definition.ts'
export type { AdmitPolicy, Listed, PinChange, StoredPin } from './pins.ts'
export { reviewPins, scanDefinition } from './pins.ts'
export { suggestBehaviour } from './suggest-behaviour.ts'
export { settingsOf } from './upstream-tools.ts'
export { offeredUpstream } from './offered-upstream.ts'

export type { ExchangeCredentials } from './exchange-settings.ts'
export { tokenExchange } from './exchange-settings.ts'
