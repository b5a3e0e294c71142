import { readFileSync } from 'node:fs'

/** False for a process that has ended but that nobody has waited for: in a container, process 1 may never do so. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
