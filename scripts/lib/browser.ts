import chromium from '@sparticuz/chromium'
import type { Browser } from 'playwright-core'
import { chromium as playwright } from 'playwright-core'

/** Flags of that build for small machines that would make it forgiving, or end it with its first window. */
const unwanted = [
  '--single-process',
  '--no-zygote',
  '--disable-web-security',
  '--disable-site-isolation-trials',
  '--allow-running-insecure-content',
]

/** A headless Chromium that comes from npm, so that nothing has to be installed. As strict as a person's own. */
export async function launchBrowser(): Promise<Browser> {
  const args = chromium.args.filter((flag) => !unwanted.includes(flag))
  return playwright.launch({ executablePath: await chromium.executablePath(), args, headless: true })
}
