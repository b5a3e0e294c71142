/** Set by Cloudflare in front of the Worker, which drops what a client sends. Absent on a laptop. */
export function clientAddress(request: Request): string | null {
  return request.headers.get('cf-connecting-ip')
}
