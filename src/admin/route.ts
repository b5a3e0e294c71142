import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { Db } from '../db/db.ts'
import type { Admin, IdentityDeps, Role } from '../identity/identity.ts'

/** What a handler works with. `admin.project` is the only project it may name in a query. */
export type AdminUse = {
  env: Env
  config: Config
  db: Db
  now: Clock
  identity: IdentityDeps
  admin: Admin
}

type Shape = z.ZodType

type Spec<Params extends Shape, Query extends Shape, Body extends Shape, Reply extends Shape> = {
  /** Below /admin/api/v1, with parameters in braces: `/gateways/{name}`. */
  path: string
  summary: string
  /** The least role that may. */
  role: Role
  params?: Params
  query?: Query
  body?: Body
  /** What is not in it never leaves, whatever the handler returns. */
  reply: Reply
}

type Input<Params extends Shape, Query extends Shape, Body extends Shape> = {
  params: z.output<Params>
  query: z.output<Query>
  body: z.output<Body>
}

export type AnyInput = Input<z.ZodUnknown, z.ZodUnknown, z.ZodUnknown>

/** A change that has been checked and not yet made. It is recorded first, and made only if it could be. */
export type Change<Reply> = {
  /** Verb of the resource, such as `apply`. */
  action: string
  /** What it is done to: `gateways/engineering`. */
  target: string
  /** For the difference in the record. Never a secret: say that one was set. */
  before: Json | null
  after: Json | null
  commit(): Promise<Result<Reply>>
}

/** What a stream needs to know of the request beside its input. */
export type Visit = {
  /** `Last-Event-ID` of a client that comes back. */
  lastEventId: string | null
  /** Whether the token would be let in now: a stream outlives the check it began with. */
  stillAllowed: () => Promise<boolean>
}

type Shared = Spec<Shape, Shape, Shape, Shape>

export type AdminRoute = Shared &
  (
    | { kind: 'read'; method: 'GET' | 'POST'; read(input: AnyInput, use: AdminUse): Promise<Result<unknown>> }
    | {
        kind: 'stream'
        method: 'GET'
        /** Media types of what it answers. */
        produces: readonly string[]
        respond(input: AnyInput, use: AdminUse, visit: Visit): Promise<Result<Response>>
      }
    | {
        kind: 'change'
        method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
        status: 200 | 201
        change(input: AnyInput, use: AdminUse): Promise<Result<Change<unknown>>>
      }
  )

type Empty = z.ZodUnknown

export function readRoute<
  Reply extends Shape,
  Params extends Shape = Empty,
  Query extends Shape = Empty,
  Body extends Shape = Empty,
>(
  spec: Spec<Params, Query, Body, Reply> & {
    method?: 'GET' | 'POST'
    read(input: Input<Params, Query, Body>, use: AdminUse): Promise<Result<z.input<Reply>>>
  },
): AdminRoute {
  return { ...spec, kind: 'read', method: spec.method ?? 'GET' } as unknown as AdminRoute
}

export function changeRoute<
  Reply extends Shape,
  Params extends Shape = Empty,
  Query extends Shape = Empty,
  Body extends Shape = Empty,
>(
  spec: Spec<Params, Query, Body, Reply> & {
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
    status?: 200 | 201
    change(input: Input<Params, Query, Body>, use: AdminUse): Promise<Result<Change<z.input<Reply>>>>
  },
): AdminRoute {
  return { ...spec, kind: 'change', status: spec.status ?? 200 } as unknown as AdminRoute
}

/** An answer that is no JSON value: a file that is made while it is sent, a live view. It records that it was read. */
export function streamRoute<Params extends Shape = Empty, Query extends Shape = Empty>(
  spec: Omit<Spec<Params, Query, Empty, Empty>, 'body' | 'reply'> & {
    produces: readonly string[]
    respond(input: Input<Params, Query, Empty>, use: AdminUse, visit: Visit): Promise<Result<Response>>
  },
): AdminRoute {
  return { ...spec, kind: 'stream', method: 'GET', reply: z.unknown() } as unknown as AdminRoute
}
