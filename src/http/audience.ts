/** A browser that goes somewhere asks for a page; programs do not. */
export function audienceOf(request: Request): { kind: 'person' } | { kind: 'json' } {
  return { kind: request.headers.get('accept')?.includes('text/html') ? 'person' : 'json' }
}
