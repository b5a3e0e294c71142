import { Refused } from './admin-api.ts'
import { Fault } from './command.ts'
import type { ReadDocument } from './document-file.ts'

/** Shows the faults that the other side found where they stand in the file. */
export async function explained<Value>(read: ReadDocument, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (fault) {
    if (fault instanceof Refused && fault.problem.faults) throw new Fault(read.explain(fault.problem.faults))
    throw fault
  }
}
