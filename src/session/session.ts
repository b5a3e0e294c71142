export type { AboutReply, CallRequest, ConversationApi, GatewayFeatures, ListReply, ListRequest, SessionApi, SessionControl } from './api.ts'
