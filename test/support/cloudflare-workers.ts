/**
 * Stands for the module `cloudflare:workers` in tests that run in Node, so that a file can be imported there although the
 * same room has a Durable Object. What runs inside an object is tested in the workers project, against the real one.
 */
export class DurableObject {
  constructor() {
    throw new Error('a Durable Object cannot run in Node: name the test file *.workers.test.ts')
  }
}

export const WorkerEntrypoint = DurableObject
