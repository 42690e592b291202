/**
 * Colours follow the page's `color-scheme`; each can be set by a custom property of the page. No rule loads anything.
 */
export const STYLES = `
:host {
  --_accent: var(--ivs-accent, light-dark(#0b5a7d, #8fd0ee));
  --_on-accent: var(--ivs-on-accent, light-dark(#ffffff, #06202d));
  --_text: var(--ivs-text, light-dark(#17202a, #e9eef3));
  --_muted: var(--ivs-muted, light-dark(#566472, #a7b4c0));
  --_surface: var(--ivs-surface, light-dark(#ffffff, #1a222b));
  --_soft: var(--ivs-soft, light-dark(#eef4f7, #25303b));
  --_line: var(--ivs-line, light-dark(#d7dfe6, #36434f));
  --_failed: var(--ivs-failed, light-dark(#a3261f, #ffb1a8));
  --_failed-soft: light-dark(#fcefed, #3a2321);
  --_radius: var(--ivs-radius, 14px);
  display: block;
  color: var(--_text);
  font-family: var(--ivs-font, inherit);
  font-size: var(--ivs-font-size, 1rem);
  line-height: 1.5;
  container-type: inline-size;
}
:host([hidden]), [hidden] { display: none !important; }
:host(:not([state])), :host([state='loading']:not([view])), :host([state='empty']:not([view])) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
p, h1, h2, h3, h4, h5, h6, ul, ol { margin: 0; }
.unseen {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
.icon {
  width: 1.15em; height: 1.15em; flex: none; fill: none; stroke: currentColor;
  stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; vertical-align: -0.2em;
}
.top { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 1rem; margin-block-end: 0.75rem; }
.view-title { font-size: 1.25em; font-weight: 650; line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; }
.top .view-title { flex: 1 1 auto; }
.view-title:focus, .title:focus { outline: none; }
.navigation { display: flex; flex-wrap: wrap; gap: 0 0.25rem; margin-inline: -0.5rem; }
.cards, .rows, .talk { list-style: none; padding: 0; display: grid; gap: 0.875rem; }
.card {
  position: relative; display: grid; gap: 0.625rem; padding: 1.125rem 1.25rem 0;
  background: var(--_surface); border: 1px solid var(--_line); border-radius: var(--_radius);
  box-shadow: 0 1px 2px rgb(0 0 0 / 0.04);
}
.head { display: flex; align-items: center; gap: 0.75rem; }
.monogram {
  display: grid; place-items: center; flex: none; width: 2.5rem; height: 2.5rem; border-radius: 50%;
  background: var(--_soft); color: var(--_accent); font-size: 0.875em; font-weight: 650;
}
.who { flex: 1; min-width: 0; line-height: 1.35; }
.from { font-weight: 600; overflow-wrap: anywhere; }
.meta { color: var(--_muted); font-size: 0.875em; }
p.meta { display: flex; flex-wrap: wrap; align-items: center; gap: 0.125rem 0.5rem; }
.category {
  padding: 0 0.5rem; border-radius: 1rem; background: var(--_soft); color: var(--_text); font-size: 0.9286em;
}
.fresh { display: inline-flex; align-items: center; gap: 0.3rem; color: var(--_accent); font-weight: 600; }
.fresh::before { content: ''; width: 0.45rem; height: 0.45rem; border-radius: 50%; background: currentColor; }
.title { font-size: 1.0625em; font-weight: 650; line-height: 1.3; overflow-wrap: anywhere; text-wrap: pretty; }
.image {
  display: block; width: auto; max-width: 100%; height: auto; max-height: 22rem; object-fit: contain;
  object-position: left; border-radius: calc(var(--_radius) * 0.6);
}
.body { overflow-wrap: anywhere; max-width: 65ch; }
.body > * + * { margin-block-start: 0.5rem; }
.body ul, .body ol { padding-inline-start: 1.35rem; }
.body ul { list-style: disc; }
.body.folded { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; }
.actions, .row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; }
.actions:empty, .answer:empty { display: none; }
.human {
  display: flex; flex-wrap: wrap; gap: 0 0.25rem; margin: 0.25rem -1.25rem 0; padding: 0.25rem 0.75rem;
  border-block-start: 1px solid var(--_line);
}
button, .button, .quiet {
  display: inline-flex; align-items: center; gap: 0.45rem; min-height: 2.75rem; margin: 0; border: 0;
  background: none; color: inherit; font: inherit; text-align: start; text-decoration: none; cursor: pointer;
}
.button {
  justify-content: center; padding: 0.4rem 1.1rem; border: 1px solid var(--_line); border-radius: 999px;
  background: var(--_surface); color: var(--_accent); font-weight: 600;
}
.button.main { border-color: var(--_accent); background: var(--_accent); color: var(--_on-accent); }
.quiet { padding: 0.25rem 0.5rem; border-radius: 0.5rem; color: var(--_accent); font-size: 0.9375em; font-weight: 500; }
.quiet.round { justify-content: center; width: 2.75rem; padding: 0; border-radius: 50%; color: var(--_muted); }
.quiet.fold { justify-self: start; margin-inline-start: -0.5rem; margin-block-start: -0.5rem; }
.quiet.back { margin-inline-start: -0.5rem; }
.quiet.round .icon { width: 1.5rem; height: 1.5rem; stroke-width: 3; }
button:disabled { opacity: 0.6; cursor: default; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
@media (hover: hover) {
  .button:hover { background: var(--_soft); }
  .button.main:hover { background: color-mix(in srgb, var(--_accent) 88%, var(--_text)); }
  .quiet:hover, .menu-entry:hover, .row-button:hover { background: var(--_soft); }
}
.menu { position: relative; flex: none; margin-inline-end: -0.5rem; }
.menu-list {
  position: absolute; inset-block-start: 100%; inset-inline-end: 0; z-index: 2; display: grid;
  width: max-content; max-width: min(20rem, 80cqi); padding: 0.375rem; background: var(--_surface);
  border: 1px solid var(--_line); border-radius: var(--_radius); box-shadow: 0 8px 28px rgb(0 0 0 / 0.18);
}
.menu-entry { gap: 0.75rem; padding: 0.4rem 0.75rem; border-radius: calc(var(--_radius) - 0.375rem); line-height: 1.3; }
.menu-entry .icon { color: var(--_muted); }
.strip {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem 1rem;
  padding: 0.625rem 0.75rem 0.625rem 1.25rem; min-height: 4rem; background: var(--_soft);
  border-radius: var(--_radius);
}
.strip p { flex: 1 1 8rem; }
.strip + .card { margin-block-start: 0.875rem; }
.answer .strip, .form .strip { padding-inline-start: 1rem; }
.form .strip { background: var(--_surface); }
.muted .strip { flex: 1; margin: -0.5rem -0.75rem -0.5rem -1.25rem; border-radius: 0; }
.form { display: grid; gap: 0.5rem; padding: 1rem; background: var(--_soft); border-radius: var(--_radius); }
.form label { font-weight: 600; }
textarea, select, input[type='time'] {
  width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--_muted); border-radius: 0.6rem;
  background: var(--_surface); color: var(--_text); font: inherit;
}
textarea { resize: vertical; }
textarea[aria-invalid] { border-color: var(--_failed); }
select, input[type='time'] { width: auto; justify-self: start; max-width: 100%; }
input[type='checkbox'] { width: 1.25rem; height: 1.25rem; margin: 0; flex: none; accent-color: var(--_accent); }
.check { display: flex; align-items: center; gap: 0.6rem; min-height: 2.75rem; }
.check label { flex: 1; padding-block: 0.5rem; }
.time { display: inline-flex; align-items: center; gap: 0.5rem; }
.note { color: var(--_muted); font-size: 0.875em; }
.note:empty { display: none; }
.note.failed { color: var(--_failed); }
.failure {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem 1rem;
  margin-block-end: 0.75rem; padding: 0.75rem 1rem; border-radius: var(--_radius);
  background: var(--_failed-soft); color: var(--_failed);
}
.view-body { display: grid; gap: 1rem; margin-block-start: 0.75rem; }
.intro { max-width: 60ch; color: var(--_muted); }
.rows { gap: 0; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); overflow: clip; }
.rows:empty { display: none; }
.rows > li + li { border-block-start: 1px solid var(--_line); }
.row-button {
  display: flex; flex-wrap: wrap; gap: 0.125rem 0.75rem; width: 100%; padding: 0.75rem 1.25rem; align-items: baseline;
}
.row-button:focus-visible { outline-offset: -3px; border-radius: var(--_radius); }
.row-button .from { flex: 1 1 100%; }
.learned { display: grid; grid-template-columns: 1fr auto; gap: 0.125rem 1rem; padding: 0.75rem 1.25rem; }
.learned .from, .learned .told { grid-column: 1; }
.learned .from { font-size: 0.875em; }
.learned > :nth-child(2)::first-letter { text-transform: uppercase; }
.learned time { grid-column: 2; grid-row: 1; }
.back-again { grid-column: 2; grid-row: 2 / 4; place-self: center end; }
.back-again .note:focus { outline: none; }
.told { color: var(--_muted); font-size: 0.875em; }
.told.individual { color: var(--_accent); }
.muted { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem; padding: 0.5rem 0.75rem 0.5rem 1.25rem; }
.talk { gap: 0.75rem; justify-items: start; max-width: 46rem; }
.said {
  max-width: min(85%, 60ch); padding: 0.75rem 1rem; border: 1px solid var(--_line);
  border-radius: var(--_radius) var(--_radius) var(--_radius) 0.25rem; background: var(--_surface);
}
.said.mine {
  justify-self: end; border-color: transparent; border-radius: var(--_radius) var(--_radius) 0.25rem; background: var(--_soft);
}
.said-title { font-weight: 650; }
.said .meta strong { color: var(--_text); }
@container (max-width: 30rem) {
  .card { padding-inline: 1rem; }
  .human { margin-inline: -1rem; padding-inline: 0.5rem; }
  .actions .button { flex: 1 1 auto; }
  .navigation .icon { display: none; }
  .navigation .quiet { padding-inline: 0.375rem; font-size: 0.875em; }
  .navigation { margin-inline: -0.375rem; }
  .learned { grid-template-columns: 1fr; }
  .learned time { grid-column: 1; grid-row: auto; }
  .back-again { grid-column: 1; grid-row: auto; place-self: start; }
}
@media (prefers-reduced-motion: no-preference) {
  .strip, .form { animation: arrive 0.18s ease-out; }
  .button, .quiet { transition: background-color 0.12s; }
  @keyframes arrive { from { opacity: 0; } }
}
@media (forced-colors: active) {
  .card, .strip, .form, .said, .category { border: 1px solid; }
}
`;
