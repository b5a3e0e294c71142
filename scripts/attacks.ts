import { allPairs } from '../test/support/hostile/all.ts'
import { runPairs, scoreLines } from '../test/support/hostile/kit.ts'
import { startWorld } from '../test/support/world.ts'
import { runMain, Stop } from './lib/stop.ts'

/**
 * npm run attacks: hostile MCP servers behind a gateway, each attack beside a benign twin. Prints how many attacks were
 * stopped and how many benign things were let through; fails when either is not all.
 */
await runMain(async () => {
  const world = await startWorld()
  try {
    const scores = await runPairs(world, allPairs)
    console.log(scoreLines(scores).join('\n'))
    const missed = scores.filter((one) => [one.stopped, one.letThrough].some(({ good, of }) => good < of))
    if (missed.length > 0) throw new Stop(`Not as it should be: ${missed.map(({ name }) => name).join('; ')}.`)
  } finally {
    await world.stop()
  }
})
