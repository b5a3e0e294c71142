import fc from 'fast-check'

const times = process.env['PROPERTY_RUNS']

/** PROPERTY_RUNS=20 hunts twenty times as long, with other cases each time. Then say --testTimeout=600000 too. */
export const runs = (usual: number): number => usual * Number(times ?? 1)

// The suite tries the same cases each time, so that it never fails by chance.
fc.configureGlobal(times === undefined ? { seed: 20261122 } : { numRuns: runs(100) })
