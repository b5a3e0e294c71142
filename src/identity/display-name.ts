/**
 * What a client says it is called, fit to show: escaping is the page's, but control, bidirectional and invisible characters
 * can still make one name look like another or hide what follows.
 */
export function displayName(name: string | undefined, fallback: string): string {
  const clean = (name ?? '')
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  const shown = clean === '' ? fallback : clean
  return shown.length > 80 ? `${shown.slice(0, 79)}…` : shown
}
