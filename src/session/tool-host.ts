import { RpcTarget } from 'cloudflare:workers'
import type { ApiCall } from '../core/api-client.ts'
import type { HostAnswer, ToolHostApi } from '../core/tool-worker.ts'

/** What a tool Worker holds while its call runs. It can reach these four methods and nothing behind them. */
export class ToolHost extends RpcTarget implements ToolHostApi {
  readonly #host: ToolHostApi

  constructor(host: ToolHostApi) {
    super()
    this.#host = host
  }

  request(call: ApiCall): Promise<HostAnswer> {
    return this.#host.request(call)
  }

  secret(name: string): Promise<string | null> {
    return this.#host.secret(name)
  }

  progress(done: number, total?: number, message?: string): Promise<void> {
    return this.#host.progress(done, total, message)
  }

  stopped(): Promise<boolean> {
    return this.#host.stopped()
  }
}
