export { hasWildcard, matchesGlob, parseGlob, type Glob } from '../core/glob.ts'
