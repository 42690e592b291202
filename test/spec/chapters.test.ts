import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { agreementProblems } from '../../src/agreements/errors.ts';
import { linkProblems } from '../../src/links/errors.ts';
import type { AgreementProposeBody } from '../../src/protocol/agreement/terms.ts';
import { findProposalProblem } from '../../src/protocol/agreement/terms-check.ts';
import { sha256 } from '../../src/protocol/digest.ts';
import { entryHash, type LedgerEntry, originOf } from '../../src/protocol/ledger/entry.ts';
import { findBreak } from '../../src/protocol/ledger/sequence.ts';
import type { LedgerStatement } from '../../src/protocol/ledger/statement.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { rejectionReason } from '../../src/protocol/receipt.ts';
import { REFUSALS } from '../../src/protocol/refusal.ts';
import { DOCUMENT_TYPES } from '../../src/protocol/schemas/document.ts';
import { ETSI_EVENTS, OWN_EVENTS } from '../../src/protocol/schemas/evidence.ts';
import { SCHEMAS } from '../../src/protocol/schemas/validators.ts';
import type { SlotMessageBody } from '../../src/protocol/slot/message.ts';
import { type Placing, placeMessage, roundUpToHour } from '../../src/protocol/slot/placing.ts';

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

/** The manifest of an act that a chapter shows as an example, and its text. */
function exampleOf(page: string, act: string) {
  const [, text = ''] = new RegExp(`\`\`\`json ${act}\\n([^]*?)\\n\`\`\``).exec(read(page)) ?? [];
  const parsed = parseManifest(Buffer.from(text), act);
  if (!parsed.ok) throw new Error(`${page}: ${act}: ${parsed.detail}`);
  return { text, body: parsed.manifest.body };
}

const PROPOSED = exampleOf('8-agreements.md', 'agreement.propose');
const PARTIES = ['https://a.example', 'https://b.example'] as const;

t.test('the example of an agreement holds', async (t) => {
  const chapter = read('8-agreements.md');
  const body = PROPOSED.body as unknown as AgreementProposeBody;
  t.equal(findProposalProblem(body, PARTIES, Date.UTC(2026, 10, 1, 12)), undefined);
  const identity = sha256(PROPOSED.text);
  t.ok(chapter.includes(`"agr": "${identity}"`) && chapter.includes(`: \`${identity}\``), 'its identity');
  for (const act of ['agreement.accept', 'agreement.terminate']) {
    t.equal(exampleOf('8-agreements.md', act).body['agreement'], identity, act);
  }
});

t.test('the example of a ledger holds', async (t) => {
  const { agreement, entries } = exampleOf('10-ledger.md', 'ledger.entries').body as unknown as {
    agreement: string;
    entries: LedgerEntry[];
  };
  t.equal(agreement, sha256(PROPOSED.text));
  const [host, guest] = PARTIES;
  t.equal(entries[0]?.prev, originOf({ agreement, host, guest }));
  t.equal(findBreak(entries), undefined, 'each is chained to the one before');
  const statement = exampleOf('10-ledger.md', 'ledger.statement').body as unknown as LedgerStatement;
  const last = entries.at(-1);
  t.match(statement, {
    first: 1,
    last: last?.seq,
    closing: last?.total,
    head: entryHash(last as LedgerEntry),
  });
});

t.test('the example of messages holds', async (t) => {
  const page = '9-slots.md';
  const message = exampleOf(page, 'slot.message').body as unknown as SlotMessageBody;
  const { hosts } = (PROPOSED.body as unknown as AgreementProposeBody).terms;
  const placed: number[] = [];
  const ask = (at: string, changes: Partial<SlotMessageBody> = {}) => {
    const nowMs = Date.parse(at);
    const answer = placeMessage({
      nowMs,
      message: { ...message, ...changes },
      grant: hosts[PARTIES[0]]?.slots?.find(({ slot }) => slot === message.slot),
      slot: { paused: false, human: 'declared' },
      scopes: { contact: ['service', 'advice'], engagement: 'aggregate' },
      activeUntilMs: [],
      placed: placed.map((atMs) => ({ slot: message.slot, category: message.category, atMs })),
      displayed: [],
      humanOverdue: false,
      image: undefined,
      account: undefined,
      customer: {
        mutedUntilMs: undefined,
        calm: undefined,
        displaysMs: [],
        quiet: undefined,
        zone: undefined,
      },
    });
    if (answer.kind === 'placed') placed.push(nowMs);
    return answer;
  };
  const receipts = [...read(page).matchAll(/```json\n(\{ "event".*\})\n```/g)].map(([, json = '']) =>
    JSON.parse(json),
  );
  const told = (answer: Placing) => {
    if (answer.kind !== 'refused') return { event: 'RelayAcceptance', outcome: answer.kind };
    const { code, nextEligibleAtMs: from } = answer;
    return {
      event: 'RelayRejection',
      ...rejectionReason(code),
      ...(from !== undefined && { nextEligibleAt: new Date(roundUpToHour(from)).toISOString() }),
    };
  };
  const answers = [ask('2027-01-11T08:20:40Z'), ask('2027-01-13T19:10:00Z')];
  const morning = { notBefore: '2027-01-14T07:00:00Z' };
  t.match(ask('2027-01-13T19:10:00Z', morning), {
    kind: 'deferred',
    nextEligibleAtMs: Date.parse(morning.notBefore),
  });
  t.equal(ask('2027-01-14T07:00:00Z').kind, 'placed');
  answers.push(ask('2027-01-15T10:00:00Z'));
  t.same(receipts, answers.map(told));
  const edit = { replaces: String(exampleOf(page, 'slot.withdraw').body['message']) };
  t.equal(ask('2027-01-15T10:00:00Z', edit).kind, 'placed');
  t.equal(ask('2027-01-15T10:00:00Z', { category: 'service' }).kind, 'placed');
});
