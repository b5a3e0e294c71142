/**
 * Every refusal code, and how it looks from outside. A code without a row does not compile.
 *
 * `kind` is all an agent is told about the reason (promise 10). `policy/denied` and `runtime/unknown_tool`
 * have the same row on purpose: a denied tool and an unknown tool look the same (promise 5).
 */
export type Kind =
  | 'invalid_request'
  | 'unauthenticated'
  | 'not_permitted'
  | 'approval_required'
  | 'authorization_required'
  | 'limit_reached'
  | 'unavailable'
  | 'upstream_error'
  | 'internal'

export type Row = {
  kind: Kind
  /** HTTP status, where the refusal is the whole answer. */
  status: number
  /** JSON-RPC error code, where the refusal is a protocol error. `null`: it is a tool result with `isError`. */
  rpc: number | null
  retryable: boolean
  text: string
}

const unknownTool = {
  kind: 'not_permitted',
  status: 403,
  rpc: -32602,
  retryable: false,
  text: 'This tool does not exist or may not be used here.',
} as const

const row = (kind: Kind, status: number, rpc: number | null, retryable: boolean, text: string): Row => ({
  kind,
  status,
  rpc,
  retryable,
  text,
})

export const errors = {
  'core/invalid_json': row('invalid_request', 400, -32700, false, 'The body is not JSON that can be accepted.'),
  'core/too_large': row('invalid_request', 413, -32600, false, 'The request is too large.'),
  'core/bad_request': row('invalid_request', 400, -32600, false, 'The request is not valid.'),
  'core/not_found': row('invalid_request', 404, -32601, false, 'Nothing is here.'),
  'core/internal': row(
    'internal',
    500,
    -32603,
    false,
    'Something went wrong on our side. The call id names it in the record.',
  ),
  'config/missing': row('internal', 500, -32603, false, 'This deployment is not configured.'),

  'http/foreign_origin': row('not_permitted', 403, -32600, false, 'Requests from this web page are not accepted.'),
  'http/method': row('invalid_request', 405, -32600, false, 'This method is not used here.'),

  'mcp/invalid_state': row(
    'invalid_request',
    400,
    -32602,
    false,
    'The request state is not valid any more. Call again.',
  ),
  'mcp/invalid_session': row('invalid_request', 400, -32600, false, 'This is not a session id of this server.'),
  'admin/conflict': row('invalid_request', 409, null, false, 'This does not fit what is there.'),
  'admin/media_type': row('invalid_request', 415, null, false, 'The body has to be application/json.'),
  'mcp/media_type': row('invalid_request', 415, -32600, false, 'The body has to be application/json.'),
  'mcp/header_mismatch': row(
    'invalid_request',
    400,
    -32020,
    false,
    'A parameter header does not say what the arguments say.',
  ),
  'mcp/not_answerable': row(
    'invalid_request',
    400,
    null,
    false,
    'The tool asks a question that this client cannot show.',
  ),
  'mcp/too_many_streams': row('limit_reached', 429, -32603, true, 'Too many streams are open. Close one first.'),

  'identity/unauthenticated': row('unauthenticated', 401, -32001, false, 'Sign in to use this gateway.'),
  'identity/forbidden': row('not_permitted', 403, -32001, false, 'You may not do this.'),
  'identity/insufficient_scope': row(
    'not_permitted',
    403,
    -32001,
    false,
    'The token does not cover this. Sign in again.',
  ),
  'identity/sign_in_failed': row('unauthenticated', 400, -32001, false, 'The sign-in did not work. Start again.'),
  'identity/sign_in_unavailable': row('unavailable', 503, -32001, true, "The company's sign-in cannot be reached."),
  'identity/too_many_attempts': row('limit_reached', 429, -32001, true, 'Too many attempts. Wait a little.'),
  'identity/not_same_site': row('not_permitted', 403, -32001, false, 'This form did not come from here. Start again.'),

  'gateways/unknown': row('invalid_request', 404, -32601, false, 'Nothing is here.'),
  'gateways/not_assigned': row('not_permitted', 403, -32001, false, 'This gateway is not for you.'),
  'gateways/conflict': row('invalid_request', 409, -32600, false, 'The gateway changed meanwhile. Plan again.'),
  'gateways/invalid': row('invalid_request', 422, -32602, false, 'The gateway document is not valid.'),

  'session/ended': row('unauthenticated', 401, -32001, false, 'This session has ended. Sign in again.'),
  'session/unknown': row('invalid_request', 404, -32001, false, 'There is no such session. Initialize again.'),

  'session/unknown_task': row('invalid_request', 404, -32602, false, 'There is no such task, or it has expired.'),
  'session/task_interrupted': row('unavailable', 503, -32603, true, 'The work was interrupted. Call again.'),

  'runtime/unknown_tool': unknownTool,
  'policy/denied': unknownTool,
  'runtime/invalid_arguments': row('invalid_request', 400, null, true, 'The arguments do not fit the tool.'),
  'runtime/cancelled': row('invalid_request', 499, null, false, 'The call was cancelled.'),
  'runtime/not_recorded': row('unavailable', 503, null, true, 'The call could not be recorded, so it was not made.'),
  'policy/approval_required': row('approval_required', 403, null, true, 'A person has to approve this call first.'),
  'policy/approval_rejected': row('not_permitted', 403, null, false, 'The approver rejected this call.'),
  'policy/approval_expired': row('approval_required', 403, null, true, 'The approval has expired. Ask again.'),
  'policy/approval_changed': row(
    'approval_required',
    403,
    null,
    true,
    'The approval was for other arguments. Ask again.',
  ),
  'policy/approval_used': row('not_permitted', 403, null, false, 'This approval has been used already.'),
  'policy/limit_reached': row('limit_reached', 429, null, true, 'A limit for this call has been reached.'),
  'policy/undecided': row(
    'unavailable',
    503,
    null,
    true,
    'The company could not be asked whether this is allowed, so the call was not made.',
  ),
  'policy/invalid': row('invalid_request', 422, -32602, false, 'The rules are not valid.'),

  'screening/withheld': row(
    'not_permitted',
    403,
    null,
    false,
    'The tool ran. Its result stays here, because of what was found in it.',
  ),

  'vault/authorization_needed': row('authorization_required', 403, null, true, 'You have to connect an account first.'),
  'vault/unavailable': row('unavailable', 503, null, true, 'The account cannot be reached right now.'),
  'vault/account_ambiguous': row('invalid_request', 400, null, true, 'Several accounts are connected. Say which one.'),
  'vault/not_allowed': row('not_permitted', 403, null, false, 'This account may not be used here.'),
  'vault/secret_missing': row('unavailable', 503, null, false, 'An administrator has to set a secret for this tool.'),

  'connect/invalid': row('invalid_request', 400, -32602, false, 'This link is not valid any more.'),
  'connect/wrong_person': row('not_permitted', 403, -32001, false, 'This link was made for another person.'),

  'egress/blocked': row('upstream_error', 502, null, false, 'The service is at an address that may not be called.'),
  'egress/timeout': row('upstream_error', 504, null, true, 'The service did not answer in time.'),
  'egress/unreachable': row('upstream_error', 502, null, true, 'The service could not be reached.'),
  'egress/too_large': row('upstream_error', 502, null, false, 'The service answered with too much data.'),

  'toolkits/failed': row('upstream_error', 502, null, false, 'The tool failed.'),
  'upstream/failed': row('upstream_error', 502, null, true, 'The server behind this tool failed.'),
  'upstream/unavailable': row(
    'unavailable',
    503,
    null,
    true,
    'The server behind this tool is not available right now.',
  ),
  'upstream/too_many_connections': row(
    'limit_reached',
    429,
    null,
    true,
    'Too many calls to the server behind this tool are open. Let one end first.',
  ),
  'upstream/invalid_params': row(
    'invalid_request',
    400,
    -32602,
    false,
    'The server behind this refused the parameters.',
  ),
  'upstream/capability_missing': row(
    'invalid_request',
    400,
    -32021,
    false,
    'The server behind this needs something that this client cannot do.',
  ),
  'upstream/authorization_needed': row(
    'authorization_required',
    403,
    null,
    true,
    'You have to connect an account first.',
  ),

  'audit/unavailable': row('unavailable', 503, -32603, true, 'The record is not available right now.'),
} as const satisfies Record<string, Row>

export type Code = keyof typeof errors
