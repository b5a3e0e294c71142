/** Runs it once after so long; the returned function calls it off. Hides that timers are numbers here and objects there. */
export function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms) as unknown as number
  return () => clearTimeout(timer)
}
