import { startFixture } from './fixture/fixture.ts'
const fx = await startFixture({ port: 4700 })
console.log(fx.mcp)
