/**
 * The heart: what happens between "a client wants a tool" and "here is the result".
 * It talks to storage, vault and network only through `Runtime`, handed in by the Session object.
 */
export { callTool } from './call-tool.ts'
export { chosenAccount } from './chosen-account.ts'
export { listTools } from './list-tools.ts'
export { answerCall } from './own/answer-call.ts'
export { findingOf } from './own/finding.ts'
export type { OwnConnection, OwnConnections, OwnUse } from './own/own-tool.ts'
export { shownTools } from './own/shown-tools.ts'
export { listPrompts, listResources, listTemplates, readableResource, shownUpstreams, useOffer } from './offer.ts'
export type { OfferCall, OfferedMethod, OfferReply } from './offer.ts'
export { offerGateway } from './offered-gateway.ts'
export { createRunner } from './run-tool.ts'
export { screenCall } from './call-screen.ts'
export type { ScreenUse } from './call-screen.ts'
export type { RunnerUse } from './run-tool.ts'
export type { UpstreamUse } from './run-upstream-tool.ts'
export type { WorkerUse } from './run-worker-tool.ts'
export type { ExchangeCredentials } from '../catalog/catalog.ts'
export { tokenExchange } from '../catalog/catalog.ts'
export { createUpstreams, exchangeToken } from '../upstream/upstream.ts'
export type { UpstreamCredential, UpstreamNotice, Upstreams } from '../upstream/upstream.ts'
export type {
  ApprovalAsked,
  Approvals,
  AskDecisionPoint,
  CallScreen,
  Credentials,
  Facts,
  HeldApproval,
  OfferedGateway,
  RecordEntry,
  Recorder,
  Runner,
  RunReply,
  Runtime,
  Screen,
  Screened,
  ScreenedRequests,
  ToolCall,
} from './ports.ts'
