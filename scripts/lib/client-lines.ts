/** What a person pastes, word for word, so that a client reaches a gateway. */
export type ClientLine = { client: string; line: string }

/**
 * The line that each client needs. `npm run clients` runs them. Sources: docs/clients.md.
 * Codex names itself by an address on the internet unless it is told to register (dcr), which works without.
 */
export function linesFor(name: string, url: string) {
  const json = (value: unknown): string => JSON.stringify(value)
  return {
    claude: { client: 'Claude Code', line: `claude mcp add --transport http ${name} ${url}` },
    codex: { client: 'Codex', line: `codex mcp add ${name} --url ${url} --oauth-client-registration dcr` },
    gemini: { client: 'Gemini CLI', line: `gemini mcp add --transport http ${name} ${url}` },
    code: { client: 'VS Code', line: `code --add-mcp '${json({ name, type: 'http', url })}'` },
    cursor: { client: 'Cursor', line: `in ~/.cursor/mcp.json:  ${json({ mcpServers: { [name]: { url } } })}` },
    remote: { client: 'Other clients', line: `npx mcp-remote ${url}` },
  } satisfies Record<string, ClientLine>
}

export function clientLines(name: string, url: string): string {
  return Object.values(linesFor(name, url))
    .map(({ client, line }) => `  ${client.padEnd(14)}${line}`)
    .join('\n')
}
