import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allPairs } from '../support/hostile/all.ts'
import type { Score } from '../support/hostile/kit.ts'
import { runPairs, scoreLines } from '../support/hostile/kit.ts'
import type { World } from '../support/world.ts'
import { startWorld } from '../support/world.ts'

let world: World
let scores: Score[]
beforeAll(async () => {
  world = await startWorld()
  scores = await runPairs(world, allPairs)
  console.log(scoreLines(scores).join('\n'))
})
afterAll(() => world.stop())

describe.each(allPairs.map(({ name, cases }) => ({ name, cases })))('$name (cases $cases)', ({ name }) => {
  const score = (): Score | undefined => scores.find((one) => one.name === name)

  it('is stopped', () => {
    const { good, of } = score()?.stopped ?? { good: 0, of: 1 }
    expect(`${good} of ${of}`).toBe(`${of} of ${of}`)
  })

  it('lets its benign twin through', () => {
    const { good, of } = score()?.letThrough ?? { good: 0, of: 1 }
    expect(`${good} of ${of}`).toBe(`${of} of ${of}`)
  })
})
