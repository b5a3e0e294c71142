import type { Browser, BrowserContext, Page } from 'playwright-core'

export type DemoPerson = {
  /** Goes wherever a link leads, and says yes to what is asked on the way, as this person. Ends with the last page's heading. */
  open(url: string): Promise<string>
  close(): Promise<void>
}

const mostPages = 12

/**
 * A person at a browser of their own. They know three things: which account is theirs at the stand-ins (a list of names to
 * click), "Allow" on our consent page, "Connect" on our connect page, "Use this account" when it is theirs, and "Approve once" on
 * our approval page.
 */
export async function newPerson(
  browser: Browser,
  accounts: readonly string[],
  tell: (line: string) => void = () => {},
): Promise<DemoPerson> {
  const context: BrowserContext = await browser.newContext()
  const page = await context.newPage()
  return {
    close: () => context.close(),
    async open(url) {
      await page.goto(url)
      for (let n = 0; n < mostPages; n++) {
        const heading = await headingOf(page)
        const next = await nextButton(page, accounts)
        if (!next) return heading
        tell(`${new URL(page.url()).host}: ${heading} -> ${next.label}`)
        await Promise.all([page.waitForLoadState('load'), next.press()])
      }
      throw new Error(`still asked for something after ${mostPages} pages: ${page.url()}`)
    },
  }
}

/** Of a page that is not ours perhaps its title alone, or nothing. */
async function headingOf(page: Page): Promise<string> {
  const heading = page.locator('h1, .card-title').first()
  const text = await heading.textContent({ timeout: 2_000 }).catch(() => page.title())
  return text?.trim() ?? ''
}

async function nextButton(
  page: Page,
  accounts: readonly string[],
): Promise<{ label: string; press(): Promise<void> } | null> {
  for (const account of accounts) {
    const own = page.locator('form button', { hasText: account })
    if ((await own.count()) > 0) return { label: account, press: () => own.first().click() }
  }
  for (const label of ['Allow', 'Connect', 'Approve once', 'Use this account', 'Continue', 'Authorize']) {
    const button = page.locator('form button', { hasText: new RegExp(`^\\s*${label}\\b`) })
    if ((await button.count()) > 0) return { label, press: () => button.first().click() }
  }
  return null
}
