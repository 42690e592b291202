import t from 'tap';
import type { LedgerVectors } from '../../scripts/spec-vectors/ledger.ts';
import type { Contact } from '../../src/protocol/ledger/applying.ts';
import { ruleOnBalance } from '../../src/protocol/ledger/balance.ts';
import { entryHash, entrySeconds, originOf } from '../../src/protocol/ledger/entry.ts';
import { isMissing } from '../../src/protocol/ledger/overdue.ts';
import { emptyHead } from '../../src/protocol/ledger/sequence.ts';
import { findStatementFault } from '../../src/protocol/ledger/statement.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { countsOf, emptyInstitution, type Institution, take } from '../protocol/ledger/world.ts';
import { readVectors } from './read.ts';

const vectors = readVectors<LedgerVectors>('ledger');

t.test('origins and hashes', async (t) => {
  for (const { origin, ...sequence } of vectors.origins) t.equal(originOf(sequence), origin);
  for (const { name, entry, hash } of vectors.hashes) t.equal(entryHash(entry), hash, name);
});

function guest(): Institution {
  const me = emptyInstitution(0);
  me.granted = { ...emptyHead(vectors.sequence), counted: 0 };
  for (const { exchange, decidedAt, ...contact } of vectors.guestHolds) {
    const held: Contact = {
      ...contact,
      decidedS: decidedAt === undefined ? undefined : entrySeconds({ at: decidedAt }),
      postedSeq: undefined,
    };
    const rest = { withdrawnS: undefined, eligibleByS: undefined, reversedSeq: undefined, replaced: false };
    me.contacts.set(exchange, { ...held, ...rest });
  }
  return me;
}

t.test('what a guest makes of entries', async (t) => {
  const met = new Set<string>();
  for (const { name, exchanges, expect, counted, missing } of vectors.applying) {
    const me = guest();
    const answers = exchanges.map((entries) => {
      const before = me.applied.length;
      return take(me, entries) ?? me.applied.slice(before).map(({ fault }) => fault ?? 'right');
    });
    t.same(answers, expect, name);
    t.equal(me.granted.counted, counted, `${name}: counted`);
    const overdue = [...me.contacts].filter(([, contact]) => isMissing(me.granted, contact));
    if (missing.length > 0)
      t.match(
        overdue.map(([exchange]) => exchange),
        missing,
        `${name}: missing`,
      );
    for (const answer of answers.flat()) met.add(answer);
  }
  t.ok(met.size > 12, `${met.size} answers`);
});

t.test('the rule on the balance', async (t) => {
  for (const { name, category, lastPast, now, expect, nextEligibleAt, ...facts } of vectors.balances) {
    const ruling = ruleOnBalance({
      ...facts,
      service: category === 'service',
      lastPastMs: lastPast === undefined ? undefined : Date.parse(lastPast),
      nowMs: Date.parse(now),
    });
    t.equal(ruling.kind === 'refused' ? ruling.code : 'taken', expect, name);
    const from = ruling.kind === 'refused' ? ruling.nextEligibleAtMs : undefined;
    t.equal(from, nextEligibleAt === undefined ? undefined : Date.parse(nextEligibleAt), name);
  }
});

t.test('statements', async (t) => {
  for (const { name, entries, closed, statement, now, expect } of vectors.statements) {
    const later = entries.slice(statement.last).map(entrySeconds);
    const fault = findStatementFault(statement, {
      closedSeq: closed.seq,
      closedS: closed.until === undefined ? 0 : entrySeconds({ at: closed.until }),
      opening: entries[closed.seq - 1]?.total ?? 0,
      counts: countsOf(entries.slice(closed.seq, statement.last)),
      closing: entries[statement.last - 1]?.total ?? 0,
      laterS: later.length === 0 ? undefined : Math.min(...later),
      nowS: Date.parse(now) / 1000,
    });
    t.equal(fault ?? null, expect, name);
  }
});

t.test('manifests', async (t) => {
  for (const { name, act, manifest, expect, pointer } of vectors.manifests) {
    const parsed = parseManifest(Buffer.from(manifest), act);
    t.equal(parsed.ok ? 'accepted' : parsed.reason, expect, `${act}: ${name}`);
    if (pointer !== undefined) t.equal(parsed.ok ? undefined : parsed.detail, pointer, `${act}: ${name}`);
  }
});
