export type { App } from './app.ts'
export { createApp } from './app.ts'
export { handle } from './handle.ts'
export type { Rooms } from './rooms.ts'
