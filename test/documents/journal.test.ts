import t from 'tap';
import { createDatabase, createPools } from '../../src/db/index.ts';
import { createJournal } from '../../src/documents/journal.ts';
import { createJournalSeal, journalDigest } from '../../src/documents/journal-seal.ts';
import { readSealed } from '../../src/documents/journal-store.ts';
import type { Evidence, EvidenceDraft } from '../../src/evidence/index.ts';
import { createTestDatabase } from '../support/database.ts';

t.test('the journal is sealed at intervals, and a change shows', async (t) => {
  const { url } = await createTestDatabase(t);
  const db = createDatabase(createPools({ connection: { connectionString: url }, size: 3 }));
  t.teardown(() => db.close());
  const journal = createJournal({ db });
  const records: EvidenceDraft[] = [];
  const seal = createJournalSeal({
    db,
    evidence: {
      record: async (_tx: unknown, draft: EvidenceDraft) => void records.push(draft),
    } as unknown as Evidence,
  });
  const caller = { subject: 'somebody', role: 'vault' };
  const document = '01890000-0000-7000-8000-000000000001';
  const note = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, at) =>
        journal.note(caller, {
          action: 'document.read',
          document,
          outcome: at === 0 ? 'document.unknown' : 'ok',
        }),
      ),
    );

  t.equal(await seal(), false);
  t.same(records, [], 'nothing to attest, no record');
  await note(3);
  await seal();
  await note(2);
  await Promise.all([seal(), seal()]);
  t.equal(records.length, 2, 'two replicas at once seal no row twice');

  const subjects = records.map((record) => String(record.subject).split(':'));
  t.match(subjects, [
    ['journal', String, '3', String],
    ['journal', String, '2', String],
  ]);
  const [, first = '', , digest] = subjects[0] ?? [];
  const readDigest = () => db.transact(async (tx) => journalDigest(await readSealed(tx, first)));
  t.equal(await readDigest(), digest);
  for (const change of [
    `update access_journal set outcome = 'ok' where sealed_in = $1 and outcome <> 'ok'`,
    `update access_journal set at = at + interval '1 second' where sealed_in = $1`,
    `delete from access_journal where id = (select min(id) from access_journal where sealed_in = $1)`,
  ]) {
    const before = await readDigest();
    await db.transact(({ client }) => client.query(change, [first]));
    t.not(await readDigest(), before, change);
  }

  const page = await journal.list({ document }, { limit: 2 });
  t.equal(page.entries.length, 2);
  const rest = await journal.list({ document }, { limit: 100, before: Number(page.next) });
  t.equal(rest.entries.length, 2);
  t.equal(rest.next, null);
});
