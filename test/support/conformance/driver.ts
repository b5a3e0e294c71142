import type { PeopledWorld } from '../people.ts'
import type { Served } from '../serve-fetch.ts'
import { serveFetch } from '../serve-fetch.ts'
import { callerOf } from './caller.ts'
import type { Scene } from './journeys.ts'
import { journeyOf } from './journeys.ts'

/** Takes a scenario by POST, goes its journey through the world, and answers 200, or 500 with where it ended. */
export async function startDriver(world: PeopledWorld): Promise<Served> {
  await world.addGateway('nothing', { tools: [] })
  const inTurn = queue()
  const caller = await callerOf(world, 'ada')
  // Once and for all: several sign-ins at a time in one browser get in each other's way at the company.
  await caller.browser.open(`${world.url}/me/activity`)
  const stage = { ...world, caller }
  return serveFetch(async (request) => {
    const given = (await request.json()) as Omit<Scene, 'id'>
    const id = `${given.scenario}-${given.revision}`
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(-40)
      .replace(/^[^a-z]+/, '')
    try {
      await inTurn(() => journeyOf(given.scenario)({ ...given, id }, stage))
      return new Response('done')
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  })
}

const atOnce = 3

/** The suite starts all its scenarios together; a few at a time go through sooner. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    try {
      return await work()
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}
