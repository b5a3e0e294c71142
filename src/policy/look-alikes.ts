/**
 * The part of Unicode's confusables (UTS 39) that passes for a Latin letter, a hyphen, a slash or a dot in an identifier.
 * Not all of it, and no pairs within ASCII (`0` and `O`, `rn` and `m`). Each row: the plain character, then what passes for it.
 */
const rows = [
  'a аɑαΑАᴀᎪꓮ',
  'b ВвΒβЬʙᏴꓐƄ',
  'c сСϲϹᴄᏟꓚ',
  'd ԁᴅᎠꓓɗ',
  'e еЕΕεᴇᎬꓰєҽ',
  'f ƒꜰϜꓝ',
  'g ɡցɢᏀꓖ',
  'h һНнΗհʜᎻꓧ',
  'i іІɩιΙıɪꓲӀӏǀ',
  'j јЈϳᴊᎫꓙյ',
  'k кКκΚᴋᏦꓗ',
  'l ʟᏞꓡ',
  'm мМΜᴍᎷꓟ',
  'n пηΝոɴꓠ',
  'o оОοΟօᴏꓳσ',
  'p рРρΡᴘᏢꓑ',
  'q ԛզ',
  'r гʀᏒꓣ',
  's ѕЅꜱᏚꓢ',
  't тТτΤᴛᎢꓔ',
  'u υսᴜꓴμ',
  'v ѵνᴠᏙꓦ',
  'w ԝѡաᴡᎳꓪω',
  'x хХχΧꓫ',
  'y уУҮүγΥʏꓬ',
  'z ᴢΖζᏃꓜ',
  '- ‐‑‒–—―−﹘',
  '/ ⁄∕⧸╱',
  '. 。․',
  '_ ﹍﹎﹏',
  ': ։׃ː',
  '@ ﹫',
]

const plain = new Map<string, string>()
for (const row of rows) for (const like of row.slice(2)) plain.set(like, row.charAt(0))

export function replaceLookAlikes(text: string): string {
  let out = ''
  for (const character of text) out += plain.get(character) ?? character
  return out
}
