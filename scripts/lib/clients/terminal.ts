/**
 * A command line in a terminal of its own, for programs that want one, by the program `script` that systems come with. What runs
 * there leads a process group of its own, whose id is written to `pidFile`.
 */
export function inTerminal(
  words: readonly string[],
  pidFile: string,
  platform: NodeJS.Platform = process.platform,
): { file: string; args: string[] } {
  const line = `echo $$ > ${quoted(pidFile)}; stty cols 160 rows 40; exec ${words.map(quoted).join(' ')}`
  const args = platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', line] : ['-qefc', line, '/dev/null']
  return { file: 'script', args }
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
