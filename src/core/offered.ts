import type { JsonObject } from './json.ts'
import type { Icon } from './tool.ts'

type FromUpstream = { upstream: string; definitionHash: string; meta?: JsonObject; icons?: Icon[] }

/** A prompt as a gateway offers it. `remoteName` is the upstream's own name for it. */
export type OfferedPrompt = FromUpstream & {
  name: string
  remoteName: string
  title?: string
  description?: string
  arguments?: { name: string; title?: string; description?: string; required?: boolean }[]
}

/** A resource keeps its URI: results and apps refer to it. */
export type OfferedResource = FromUpstream & {
  uri: string
  name: string
  title?: string
  description?: string
  mimeType?: string
  size?: number
  annotations?: JsonObject
  /** What pages of its server may reach beside what `meta` says (SEP-1865, `UIResourceMeta`), as an administrator allows it. */
  page?: JsonObject
}

export type OfferedTemplate = Omit<OfferedResource, 'uri' | 'size'> & { uriTemplate: string }
