import type { Tx } from '../db/index.ts';
import { readNow } from '../db/index.ts';
import { entryHash, originOf } from '../protocol/ledger/entry.ts';
import { appendEntries, floorOf } from '../protocol/ledger/sequence.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { LedgerDeps } from './deps.ts';
import { resolveDisputes } from './dispute-store.ts';
import { insertEntries, readEntriesAt, readPosts, type StoredEntry } from './entry-store.ts';
import { headOf, withHead } from './heads.ts';
import { oweReversals, readOwing, takeOwed } from './reversal-store.ts';
import { lockSequences, readSequences, type Sequence, writeSequences } from './sequence-store.ts';
import { addTellings } from './telling-store.ts';

export type Reversing = {
  /** Notes that these messages were withdrawn before they could be shown: their posts are owed back. */
  owe(tx: Tx, messages: readonly { peer: string; exchange: string }[]): Promise<void>;
  /** Gives back what is owed in a locked sequence, and returns where it stands then. */
  giveBack(tx: Tx, sequence: Sequence): Promise<Sequence>;
  /** Gives back what is owed anywhere: one account after the other. True where more is waiting. */
  sweep(): Promise<boolean>;
  /** An operator takes a post back. @throws Refusal `ledger.entry_not_found`, `ledger.reversed` */
  reverse(agreement: string, seq: number): Promise<number>;
};

/**
 * Reversals are written on their own, right after the withdrawal is durable: its transaction already holds locks that
 * messages take in another order.
 */
export function createReversing(deps: LedgerDeps, wake: { sweeper(): void; teller(): void }): Reversing {
  const { db, registry } = deps;

  async function write(tx: Tx, sequence: Sequence, posts: readonly StoredEntry[]): Promise<Sequence> {
    if (posts.length === 0) return sequence;
    const now = await readNow(tx);
    const head = headOf(sequence);
    const atS = Math.max(Math.floor(now.getTime() / 1000), floorOf(head));
    const appended = appendEntries(
      head,
      posts.map(({ seq: of, exchange, category, weight }) => {
        return { kind: 'reverse', exchange, category, weight, of, atS };
      }),
    );
    const { agreement } = sequence;
    const entries = appended.entries.map((entry) => {
      return { ...entry, agreement, hash: entryHash(entry), fault: null, broughtBy: null };
    });
    const written = withHead(sequence, appended.head);
    await insertEntries(tx, 'host', entries);
    await writeSequences(tx, [written]);
    const reversed = posts.map(({ seq }) => ({ agreement, seq }));
    await resolveDisputes(tx, 'host', reversed, now);
    await addTellings(tx, 'entries', [sequence]);
    tx.afterCommit(wake.teller);
    return written;
  }

  async function lock(tx: Tx, agreement: string): Promise<Sequence | undefined> {
    const [known] = await readSequences(tx.client, { role: 'host', agreements: [agreement] });
    if (known === undefined) return undefined;
    const head = originOf({ agreement, host: registry.self.entityId, guest: known.peer });
    return (await lockSequences(tx, 'host', [{ ...known, head }])).get(agreement);
  }

  const reversing: Reversing = {
    async owe(tx, messages) {
      if (messages.length === 0) return;
      await oweReversals(tx, messages);
      tx.afterCommit(wake.sweeper);
    },
    async giveBack(tx, sequence) {
      const { agreement } = sequence;
      const owed = await takeOwed(tx, agreement);
      return write(tx, sequence, await readPosts(tx.client, agreement, owed));
    },
    async sweep() {
      const [agreement, ...more] = await db.withClient((client) => readOwing(client));
      if (agreement === undefined) return false;
      await db.transact(async (tx) => {
        const sequence = await lock(tx, agreement);
        if (sequence !== undefined) await reversing.giveBack(tx, sequence);
      });
      return more.length > 0;
    },
    reverse: (agreement, seq) =>
      db.transact(async (tx) => {
        const sequence = await lock(tx, agreement);
        const [post] = await readEntriesAt(tx.client, 'host', [{ agreement, seq }]);
        if (sequence === undefined || post?.kind !== 'post') throw new Refusal('ledger.entry_not_found');
        if (post.reversedBy !== null) throw new Refusal('ledger.reversed', { by: post.reversedBy });
        return (await write(tx, sequence, [post])).seq;
      }),
  };
  return reversing;
}
