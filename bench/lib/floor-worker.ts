import { DurableObject } from 'cloudflare:workers'

/**
 * The least that could do the job, with nothing decided: a Worker, one object, two writes on disk, the service. What Behalf
 * takes beyond it is Behalf's own; how long it takes says how fast the machine is just now.
 */
export class Floor extends DurableObject<FloorEnv> {
  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env)
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS record (call TEXT, step TEXT, at INTEGER)')
  }

  async call(name: string): Promise<string> {
    const call = crypto.randomUUID()
    const write = (step: string): unknown =>
      this.ctx.storage.sql.exec('INSERT INTO record VALUES (?, ?, ?)', call, step, Date.now())
    write(`before ${name}`)
    const answer = await fetch(`${this.env.SERVICE}/user`)
    const text = await answer.text()
    write('after')
    return text
  }
}

type FloorEnv = { FLOOR: DurableObjectNamespace<Floor>; SERVICE: string }

export default {
  async fetch(request: Request, env: FloorEnv): Promise<Response> {
    const { name } = (await request.json()) as { name: string }
    return new Response(await env.FLOOR.getByName(name).call(name))
  },
}
