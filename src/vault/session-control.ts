/** What the Vault asks of a Session object: the part of `SessionControl` that is for it. `vault` may not import `session`. */
export type SessionControl = {
  /** Forget leases of these connections; `null`: all. */
  recallLeases(connections: string[] | null): Promise<void>
}
