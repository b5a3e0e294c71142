/** One cookie per attempt, so that two tabs do not disturb each other. The state is random; its start names the cookie. */
export const stateCookie = (state: string): string => `connect-${state.slice(0, 16)}`
