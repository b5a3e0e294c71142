import { raw } from 'hono/html'

/** Colours hold at least 4.5:1 against their ground in both schemes (WCAG 2.2 AA). */
export const pageStyle = raw(`
:root { color-scheme: light dark; --ink: #1c1f23; --quiet: #565d66; --ground: #ffffff; --line: #d5d9de; --act: #0b5cad; --act-ink: #ffffff; --warn: #8a3b00; --warn-ground: #fff4e5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #a3abb5; --ground: #16181b; --line: #3a4048; --act: #7db8f5; --act-ink: #10151b; --warn: #ffb877; --warn-ground: #2f2213; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
main { margin: 0 auto; padding: 2.5rem 1.25rem; }
main.column { max-width: 36rem; }
main.wide { max-width: 72rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1.25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
a { color: var(--act); }
code { font: .9em/1.4 ui-monospace, monospace; }
.quiet { color: var(--quiet); }
.warning { background: var(--warn-ground); color: var(--warn); border-left: .25rem solid; padding: .6rem .8rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1rem; margin: 1rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
label { display: block; margin: .75rem 0; }
input, select, textarea { font: inherit; color: inherit; background: transparent; border: 1px solid var(--quiet); border-radius: .3rem; padding: .4rem .6rem; max-width: 100%; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { font: inherit; padding: .55rem 1.2rem; border: 1px solid var(--act); border-radius: .3rem; background: transparent; color: var(--act); cursor: pointer; }
button.main { background: var(--act); color: var(--act-ink); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
@media (max-width: 40rem) { thead { display: none; } tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); } td { display: block; border: 0; padding: 0; } td:empty { display: none; } }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; } }
`)
