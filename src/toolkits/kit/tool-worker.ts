import { WorkerEntrypoint } from 'cloudflare:workers'
import type { ToolHostApi, ToolWorkerApi, WorkerCall } from '../../core/tool-worker.ts'
import type { Toolkit } from './define-tool.ts'
import type { WorkerListing, WorkerReply } from './serve-tool.ts'
import { listingOf, serveCall } from './serve-tool.ts'

/**
 * The entrypoint of a tool Worker: `export class Tools extends toolWorker(toolkit) {}`. Only whoever has a service binding to it
 * can reach it; it has no URL.
 */
export function toolWorker(toolkit: Toolkit) {
  return class extends WorkerEntrypoint implements ToolWorkerApi {
    describeTools(): Promise<WorkerListing> {
      return listingOf(toolkit)
    }
    callTool(call: WorkerCall, host: ToolHostApi): Promise<WorkerReply> {
      return serveCall(toolkit, call, host)
    }
  }
}
