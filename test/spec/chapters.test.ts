import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { agreementProblems } from '../../src/agreements/errors.ts';
import { linkProblems } from '../../src/links/errors.ts';
import type { AgreementProposeBody } from '../../src/protocol/agreement/terms.ts';
import { findProposalProblem } from '../../src/protocol/agreement/terms-check.ts';
import { sha256 } from '../../src/protocol/digest.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { REFUSALS } from '../../src/protocol/refusal.ts';
import { DOCUMENT_TYPES } from '../../src/protocol/schemas/document.ts';
import { ETSI_EVENTS, OWN_EVENTS } from '../../src/protocol/schemas/evidence.ts';
import { SCHEMAS } from '../../src/protocol/schemas/validators.ts';

const SPEC = path.join(import.meta.dirname, '../../spec');
const pages = ['', 'decisions'].flatMap((folder) =>
  readdirSync(path.join(SPEC, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name)),
);
const read = (page: string) => readFileSync(path.join(SPEC, page), 'utf8');

/** Headings become fragments as GitHub makes them. */
const fragments = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );

t.test('every link leads somewhere', async (t) => {
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)]+)\)/g)) {
      const [file = '', fragment] = target.split('#');
      const linked = file === '' ? page : path.join(path.dirname(page), file);
      t.ok(existsSync(path.join(SPEC, linked)), `${page}: ${target}`);
      if (fragment !== undefined) t.ok(fragments(read(linked)).includes(fragment), `${page}: ${target}`);
    }
  }
});

t.test('the chapters name what the program knows', async (t) => {
  const documents = read('4-documents.md');
  for (const [type, { fr, en }] of Object.entries(DOCUMENT_TYPES)) {
    t.ok(documents.includes(`| \`${type}\` | ${fr} | ${en} |`), type);
  }
  const evidence = read('6-evidence.md');
  for (const event of [...ETSI_EVENTS, ...OWN_EVENTS])
    t.ok(new RegExp(`\\b${event}\\b`).test(evidence), event);
  const all = pages.map(read).join('\n');
  for (const name of Object.keys(SCHEMAS)) t.ok(all.includes(`schemas/${name}.schema.json`), name);
});

t.test('the chapters name no refusal that is none', async (t) => {
  const families = new Set(Object.keys(REFUSALS).map((code) => code.split('.')[0]));
  // Acts, document states and the sender's own reasons look like codes and are none.
  const others = new Set([
    ...Object.keys(SCHEMAS),
    ...Object.keys(linkProblems),
    ...Object.keys(agreementProblems),
    'exchange.expired',
    'exchange.mismatch',
    'exchange.unconfirmed',
    'content.sha256',
    'manifest.sha256',
  ]);
  for (const page of pages) {
    for (const [, code = ''] of read(page).matchAll(/`([a-z_]+\.[a-z_]+)`/g)) {
      if (!families.has(code.split('.')[0]) || others.has(code)) continue;
      t.ok(Object.hasOwn(REFUSALS, code), `${page}: ${code}`);
    }
  }
});

t.test('the example of an agreement holds', async (t) => {
  const chapter = read('8-agreements.md');
  const example = (act: string) => {
    const [, text = ''] = new RegExp(`\`\`\`json ${act}\\n([^]*?)\\n\`\`\``).exec(chapter) ?? [];
    const parsed = parseManifest(Buffer.from(text), act);
    if (!parsed.ok) throw new Error(`${act}: ${parsed.detail}`);
    return { text, body: parsed.manifest.body };
  };
  const proposed = example('agreement.propose');
  const body = proposed.body as unknown as AgreementProposeBody;
  const parties = ['https://a.example', 'https://b.example'] as const;
  t.equal(findProposalProblem(body, parties, Date.UTC(2026, 10, 1, 12)), undefined);
  const identity = sha256(proposed.text);
  t.ok(chapter.includes(`"agr": "${identity}"`) && chapter.includes(`: \`${identity}\``), 'its identity');
  for (const act of ['agreement.accept', 'agreement.terminate']) {
    t.equal(example(act).body['agreement'], identity, act);
  }
});
