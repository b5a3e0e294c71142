import { toolWorker } from 'behalf/kit'
import { acme } from './acme.ts'

/** What Behalf's service binding names as its entrypoint. */
export class Tools extends toolWorker(acme) {}

/** Nothing is here for the web. */
// oxlint-disable-next-line import/no-default-export -- the Workers runtime takes no other
export default { fetch: () => new Response(null, { status: 404 }) }
