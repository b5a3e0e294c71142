import { appServer } from './app-server.ts'
import type { ClientCheck } from './check.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { geminiCli } from './gemini-cli.ts'
import { inspector } from './inspector.ts'
import { mcpRemote } from './mcp-remote.ts'
import { mcporter } from './mcporter.ts'

/** In the order in which they are tried. The official SDKs are in `npm test`. */
export const clientChecks: readonly ClientCheck[] = [
  claudeCode,
  codex,
  geminiCli,
  mcporter,
  mcpRemote,
  inspector,
  appServer('server-budget-allocator', 'mcp-budget-allocator-server', '2.0.3'),
  appServer('server-basic-vanillajs', 'mcp-server-basic-vanillajs', '2.0.3'),
]
