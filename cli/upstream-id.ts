/**
 * `linear` of `https://mcp.linear.app/mcp`, `linear-acme` of `https://linear.acme.dev/mcp`: who can make a name below a domain
 * does not come by the domain's. Null: it is no address of a server.
 */
export function idOfUrl(url: string): string | null {
  const host = URL.parse(url)?.hostname ?? ''
  return host === '' ? null : idOf(host.replace(/^(?:(?:mcp|api|www)\.)+(?=[^.]+\.)/, '').replace(/\.[^.]*$/, ''))
}

export function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
  return id === '' ? 'server' : id
}
