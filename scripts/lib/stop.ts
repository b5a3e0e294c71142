/** An end the person can do something about: its message is shown without a stack trace. */
export class Stop extends Error {
  override name = 'Stop'
}

/** Runs a script's main function. Exit code 1 when it throws. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof Stop ? error.message : error)
    process.exitCode = 1
  }
}
