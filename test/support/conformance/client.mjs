/**
 * What the suite starts as the client under test: `node client.mjs <driver> <server>`. The client under test is ours inside the
 * Worker, so this only tells the driver which server there is, and waits for the end of the journey.
 */
const [driver = '', server = ''] = process.argv.slice(2)
const { MCP_CONFORMANCE_SCENARIO, MCP_CONFORMANCE_PROTOCOL_VERSION, MCP_CONFORMANCE_CONTEXT } = process.env
const answer = await fetch(driver, {
  method: 'POST',
  body: JSON.stringify({
    server,
    scenario: MCP_CONFORMANCE_SCENARIO,
    revision: MCP_CONFORMANCE_PROTOCOL_VERSION,
    context: MCP_CONFORMANCE_CONTEXT === undefined ? {} : JSON.parse(MCP_CONFORMANCE_CONTEXT),
  }),
})
console.log(await answer.text())
process.exitCode = answer.ok ? 0 : 1
