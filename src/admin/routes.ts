import { agentRoutes } from './agents-api.ts'
import { approvalRoutes } from './approvals-api.ts'
import { connectionRoutes } from './connections-api.ts'
import { eraseRoutes } from './erase-api.ts'
import { eventRoutes } from './events-api.ts'
import { gatewayRoutes } from './gateways-api.ts'
import { groupRoutes } from './groups-api.ts'
import { identityProviderRoutes } from './identity-providers-api.ts'
import { keyRoutes } from './keys-api.ts'
import { ledgerRoutes } from './ledger-api.ts'
import { meRoutes } from './me-api.ts'
import { metricRoutes } from './metrics-api.ts'
import { toolReportRoutes } from './tool-reports-api.ts'
import { providerRoutes } from './providers-api.ts'
import { policyRoutes } from './policy-api.ts'
import { retentionRoutes } from './retention-api.ts'
import type { AdminRoute } from './route.ts'
import { secretRoutes } from './secrets-api.ts'
import { serviceAccountRoutes } from './service-accounts-api.ts'
import { sessionRoutes } from './sessions-api.ts'
import { sinkRoutes } from './sinks-api.ts'
import { pinRoutes } from './pins-api.ts'
import { upstreamCredentialRoutes } from './upstream-credentials-api.ts'
import { upstreamRoutes } from './upstreams-api.ts'
import { userRoutes } from './users-api.ts'
import { vaultRoutes } from './vault-api.ts'

export const adminApiVersion = '1'

/** Every route of the administration API. One file per resource; to add one, a file and a line. */
export const routes: readonly AdminRoute[] = [
  ...meRoutes,
  ...gatewayRoutes,
  ...policyRoutes,
  ...sessionRoutes,
  ...agentRoutes,
  ...keyRoutes,
  ...userRoutes,
  ...eraseRoutes,
  ...connectionRoutes,
  ...vaultRoutes,
  ...groupRoutes,
  ...identityProviderRoutes,
  ...providerRoutes,
  ...upstreamRoutes,
  ...upstreamCredentialRoutes,
  ...pinRoutes,
  ...secretRoutes,
  ...serviceAccountRoutes,
  ...approvalRoutes,
  ...eventRoutes,
  ...toolReportRoutes,
  ...ledgerRoutes,
  ...sinkRoutes,
  ...retentionRoutes,
  ...metricRoutes,
]
