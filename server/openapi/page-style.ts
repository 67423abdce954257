/** How the pages look; colours and sizes are the inspector's. */
export const style = `
* { box-sizing: border-box }
html { scroll-padding-top: var(--gap-4) }
body { margin: 0; background: var(--ground); color: var(--text); font: var(--size-m)/var(--line-height) var(--font) }
a { color: var(--accent) }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px }
.skip { position: absolute; left: -999px }
.skip:focus { left: var(--gap-2); top: var(--gap-2); background: var(--surface); padding: var(--gap-2) }
header { display: flex; gap: var(--gap-6); align-items: baseline; padding: var(--gap-3) var(--gap-6); background: var(--surface); border-bottom: 1px solid var(--line) }
header strong { font-size: var(--size-l) }
header nav { display: flex; gap: var(--gap-4) }
[aria-current] { color: var(--text); font-weight: 600; text-decoration: none }
.columns { display: grid; grid-template-columns: 320px minmax(0, 1fr) }
.side { padding: var(--gap-4) var(--gap-6); border-right: 1px solid var(--line); font-size: var(--size-s); overflow-wrap: anywhere }
.side h2 { font-size: var(--size-s); margin: var(--gap-3) 0 var(--gap-1) }
.side ul { list-style: none; margin: 0; padding: 0 }
.side li { padding: 2px 0 }
.side a { text-decoration: none }
.side a:hover { text-decoration: underline }
main { padding: var(--gap-4) var(--gap-6); max-width: 980px }
h1 { font-size: var(--size-xl) }
section > h2 { margin-top: var(--gap-6) }
section > h2::first-letter { text-transform: uppercase }
article { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); padding: var(--gap-2) var(--gap-4); margin: var(--gap-3) 0 }
h3 { font-size: var(--size-l); margin: var(--gap-2) 0; overflow-wrap: anywhere }
h3 b { font: 600 var(--size-s) var(--mono); padding: 2px var(--gap-2); border-radius: var(--radius); background: var(--run-wash); color: var(--run-ink) }
h3 b.POST, h3 b.PUT { background: var(--good-wash); color: var(--good-ink) }
h3 b.DELETE { background: var(--bad-wash); color: var(--bad-ink) }
code { font-family: var(--mono); font-size: var(--size-s); overflow-wrap: anywhere }
pre { background: var(--ground); border: 1px solid var(--line); border-radius: var(--radius); padding: var(--gap-2) var(--gap-3); white-space: pre-wrap; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse; margin: var(--gap-2) 0; font-size: var(--size-s) }
caption { text-align: left; font-weight: 600; padding: var(--gap-1) 0 }
th, td { text-align: left; vertical-align: top; padding: var(--gap-1) var(--gap-2); border-top: 1px solid var(--line); overflow-wrap: anywhere }
th { color: var(--muted); font-weight: 500; white-space: nowrap }
td a { overflow-wrap: normal }
summary { cursor: pointer }
@media (max-width: 760px) { .columns { grid-template-columns: minmax(0, 1fr) } .side { border-right: 0; border-bottom: 1px solid var(--line) } }
`;
