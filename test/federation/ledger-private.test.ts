// What a ledger tells of customers: nothing but that a message was taken.
import t, { type Test } from 'tap';
import { decodeManifest } from '../../src/protocol/manifest.ts';
import { createApiClient } from '../support/api.ts';
import { openCustomer, reportEngagement } from '../support/customer.ts';
import { untilBooksAgree } from '../support/ledger.ts';
import { eventually } from '../support/node.ts';
import { type SlotPair, sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const KINDS = ['displayed', 'opened', 'clicked', 'dismissed', 'reported'] as const;

/** The customer does all that one can do, and the guest is told of it. */
async function doEverything(pair: SlotPair): Promise<void> {
  const { feed, tell, sayNow, vault, path } = await openCustomer(pair);
  const [first, second] = await feed();
  for (const kind of KINDS) await tell({ message: first?.id, kind });
  await sayNow({ kind: 'ask_human', message: second?.id });
  await vault.call('POST', `${path}/mute`, { json: { peer: pair.guest.url } });
  await reportEngagement(pair);
  const told = await sql(pair.guest, 'select kind from received_engagement');
  if (told.length !== KINDS.length + 1) throw new Error(`the guest was told of ${told.length} events`);
}

/** All that a host says of an account in which three messages stand, as it travels: without ids, hashes and times. */
async function saidOf(t: Test, then: (pair: SlotPair) => Promise<void>) {
  const pair = await startSlotPair(t);
  const { guest, host, agreement } = pair;
  for (const category of ['advice', 'offer'] as const) await sendAndWait(pair, { category });
  await then(pair);
  // What comes afterwards stands on what was written before.
  await sendAndWait(pair, { category: 'service' });
  await untilBooksAgree(guest, host, agreement);
  await host.ledger.state(agreement);
  const auditor = await createApiClient(guest, 'auditor');
  const at = `/v1/ledger/${agreement}`;
  await eventually(async () => {
    const { body } = await auditor.call('GET', `${at}/statements?side=granted`);
    return (body['statements'] as { state: string }[])[0]?.state === 'countersigned';
  });
  const rows = await sql(
    guest,
    `select act, body_id from inbound_exchanges where act like 'ledger.%' order by jti`,
  );
  const bodies = await guest.exchange.bodies.open(rows.map((row) => String(row['body_id'])));
  const manifests = rows.map(({ act, body_id: id }) => {
    const manifest = bodies.get(String(id))?.manifest();
    if (manifest === undefined) throw new Error(`nothing is kept of a ${act}`);
    return { act, body: decodeManifest(manifest).body as Record<string, unknown> };
  });
  const entries = manifests.flatMap(({ act, body }) =>
    act === 'ledger.entries' ? (body['entries'] as Record<string, unknown>[]) : [],
  );
  const statements = manifests.flatMap(({ act, body }) => (act === 'ledger.statement' ? [body] : []));
  return {
    members: [...new Set(entries.flatMap((entry) => Object.keys(entry)))].sort(),
    entries: entries.map(({ seq, kind, category, weight, total }) => ({
      seq,
      kind,
      category,
      weight,
      total,
    })),
    statements: statements.map((statement) => ({
      members: Object.keys(statement).sort(),
      counts: statement['counts'],
      closing: statement['closing'],
    })),
  };
}

t.test('entries and statements are the same, whatever the customer does', async (t) => {
  const active = await saidOf(t, doEverything);
  const silent = await saidOf(t, async () => {});
  t.same(active, silent);
  t.same(active.members, ['at', 'category', 'exchange', 'kind', 'prev', 'seq', 'total', 'weight']);
  t.same(
    active.entries.map(({ seq, kind, category }) => ({ seq, kind, category })),
    [
      { seq: 1, kind: 'post', category: 'advice' },
      { seq: 2, kind: 'post', category: 'offer' },
      { seq: 3, kind: 'post', category: 'service' },
    ],
  );
  t.equal(active.statements.length, 1);
});
