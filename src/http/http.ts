export { createApp } from './app.ts'
export type { Rooms } from './rooms.ts'
