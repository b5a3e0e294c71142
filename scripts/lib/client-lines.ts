/** The line, or the few lines, that each client needs to reach a gateway. Sources: docs/clients.md. */
export function clientLines(name: string, url: string): string {
  const json = (value: unknown) => JSON.stringify(value)
  return [
    ['Claude Code', `claude mcp add --transport http ${name} ${url}`],
    ['Codex', `codex mcp add ${name} --url ${url} && codex mcp login ${name}`],
    ['Gemini CLI', `gemini mcp add --transport http ${name} ${url}`],
    ['VS Code', `code --add-mcp '${json({ name, type: 'http', url })}'`],
    ['Cursor', `in ~/.cursor/mcp.json:  ${json({ mcpServers: { [name]: { url } } })}`],
    ['Other clients', `npx mcp-remote ${url}`],
  ]
    .map(([client = '', line = '']) => `  ${client.padEnd(14)}${line}`)
    .join('\n')
}
