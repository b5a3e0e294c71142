const platform = globalThis.fetch

/** Nothing a test leaves behind, such as an alarm that tries again, may call a real service. Servers of the tests are on loopback. */
globalThis.fetch = (input: RequestInfo | URL, init?: RequestInit) => {
  const { hostname, host } = new URL(input instanceof Request ? input.url : String(input))
  if (hostname !== 'localhost' && hostname !== '127.0.0.1') return Promise.reject(new TypeError(`no network: ${host}`))
  return platform(input, init)
}

export {}
