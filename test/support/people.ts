import { and, eq } from 'drizzle-orm'
import { freePort } from '../../scripts/lib/ports.ts'
import { users } from '../../src/db/schema.ts'
import type { Company } from '../e2e/support/company.ts'
import { startCompany } from '../e2e/support/company.ts'
import { createPerson } from '../e2e/support/person.ts'
import type { World } from './world.ts'
import { startWorld } from './world.ts'

export type PeopledWorld = World & {
  company: Company
  /** A person at a browser of their own, without JavaScript. */
  person(subject: string, elsewhere?: Walk): Person
  /** The id of somebody who has called or signed in. */
  userId(subject: string): Promise<string>
}

/** What to do on a page that is neither ours nor the company's: the fields to send, or nothing to end there. */
export type Walk = (html: string, url: string) => { form?: string; fields: Record<string, string> } | null

export type Person = {
  /** Goes wherever a link leads and says yes to what is asked on the way. Ends at the first page that asks nothing. */
  open(url: string): Promise<{ url: string; status: number; html: string }>
  /** Every page they saw, with its headers. */
  seen: string[]
}

const mostPages = 12

/** A world with a company at which its people really sign in, so that they can open connect pages. */
export async function startPeopledWorld(vars: Record<string, string> = {}): Promise<PeopledWorld> {
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const world = await startWorld(vars, { issuer })
  const company = await startCompany(port, `${world.url}/sign-in/callback`)
  await addCompany(world, company)
  return {
    ...world,
    company,
    person: (subject, elsewhere) => personAt(subject, elsewhere),
    async userId(subject) {
      const where = and(eq(users.issuer, issuer), eq(users.subject, subject))
      const [row] = await world.db.select({ id: users.id }).from(users).where(where).limit(1)
      if (!row) throw new Error(`nobody knows ${subject} yet`)
      return row.id
    },
    async stop() {
      await company.close()
      await world.stop()
    },
  }
}

async function addCompany(world: World, { issuer, clientId, clientSecret }: Company): Promise<void> {
  const settings = { scopes: ['openid', 'profile', 'email', 'groups'] }
  const body = { issuer, clientId, clientSecret, settings }
  const saved = await world.admin('PUT', '/identity-providers/company', body)
  if (saved.status !== 200) throw new Error(`the company was not added: ${saved.status} ${JSON.stringify(saved.body)}`)
}

function personAt(login: string, elsewhere: Walk = () => null): Person {
  const browser = createPerson(() => false)
  const seen: string[] = []
  return {
    seen,
    async open(url) {
      let page = await browser.open(url)
      for (let n = 0; n < mostPages; n++) {
        seen.push(`${page.url} ${JSON.stringify([...page.headers])} ${page.html}`)
        const next = answerTo(page.html, login) ?? elsewhere(page.html, page.url)
        if (next === null) return page
        page = await browser.submit(next.form === undefined ? page : { ...page, html: next.form }, next.fields)
      }
      throw new Error(`no end of pages, the last at ${page.url}`)
    },
  }
}

/** On our own pages and the company's. */
function answerTo(html: string, login: string): ReturnType<Walk> {
  if (html.includes('value="login"')) return { fields: { login, password: 'any' } }
  if (html.includes('value="consent"')) return { fields: {} }
  if (html.includes('<button name="account" value="keep"')) return { fields: { account: 'keep' } }
  const ticket = /<button name="ticket" value="([^"]+)"/.exec(html)?.[1]
  return ticket === undefined ? null : { fields: { ticket } }
}
