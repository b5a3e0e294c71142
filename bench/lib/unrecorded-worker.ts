import { Outbox } from '../../src/audit/outbox.ts'

/** The Worker as it is, but its outboxes throw away what they are given: what recording costs is the difference. */
Outbox.prototype.put = () => {}
Outbox.prototype.defer = () => {}

export { Grant, Hub, Ledger, Session, Vault, Watch } from '../../src/index.ts'
export { default } from '../../src/index.ts'
