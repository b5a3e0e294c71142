import { gatewayRoutes } from './gateways-api.ts'
import { meRoutes } from './me-api.ts'
import type { AdminRoute } from './route.ts'

export const adminApiVersion = '1'

/** Every route of the administration API. One file per resource; to add one, a file and a line. */
export const routes: readonly AdminRoute[] = [...meRoutes, ...gatewayRoutes]
