import type { Toolkit } from '../kit/define-tool.ts'

export const github: Toolkit = { name: 'GitHub', title: 'GitHub', provider: 'github', tools: [] }
