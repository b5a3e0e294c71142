/** Stands for the module in tests that run in Node. */
export class WorkerEntrypoint {}
