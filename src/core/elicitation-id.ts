import { base64url, sha256 } from './bytes.ts'

/**
 * Id of a URL elicitation (MCP 2025-11-25 client/elicitation): whoever made the link and whoever shows it to a client come to the
 * same one, so that its end can be told without keeping a list. It tells nothing of the link.
 */
export async function elicitationId(url: string): Promise<string> {
  return base64url((await sha256(`elicitation ${url}`)).subarray(0, 16))
}
