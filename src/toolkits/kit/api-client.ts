export type { ApiAnswer, ApiCall, ApiClient } from '../../core/api-client.ts'
