import { join } from 'node:path'

/** The repository's top folder. */
export const root = join(import.meta.dirname, '../..')

/** Local state that is not committed: the installed toolchain's marks, keys of the local deployment, D1 and object storage. */
export const stateFolder = join(root, '.behalf')
