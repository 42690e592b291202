import { createSweeper, type Sweeper, type Tx } from '../db/index.ts';
import { isUndecided, type OutcomeListener, saltedManifest } from '../exchange/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { LedgerEntry } from '../protocol/ledger/entry.ts';
import type { LedgerDeps } from './deps.ts';
import { readEntriesAfter } from './entry-store.ts';
import { fileExchanges } from './file-store.ts';
import {
  carryTelling,
  claimTelling,
  readDueTellings,
  readNextSaying,
  settleTellings,
  type Telling,
} from './telling-store.ts';

export const LEDGER_ACTS = [
  'ledger.entries',
  'ledger.statement',
  'ledger.countersign',
  'ledger.dispute',
] as const;

const SWEEP_INTERVAL_MS = 15_000;
/** Entries in one exchange, as its schema says. */
const MAX_ENTRIES = 500;
/** Before entries are tried: the receipts of what they post are on their way, and more may join them. */
const ENTRIES_DELAY_MS = 300;
/** Before what a peer refused is issued again; doubled each time, up to the cap. */
const REISSUE = { baseS: 30, capS: 6 * 3600 };

export type Teller = {
  /** Issues what is due: of each account one exchange with entries and one of all else at a time. Any replica may do it. */
  readonly sweeper: Sweeper;
  readonly listeners: readonly OutcomeListener[];
};

/**
 * Tells peers what was written. What was not accepted is issued again under a new id, for as long as it takes: what a node
 * says of itself never ends by expiry.
 */
export function createTeller(deps: LedgerDeps): Teller {
  const { db, clock, registry } = deps;

  async function issue(due: Telling): Promise<void> {
    await db.transact(async (tx) => {
      const telling = await claimTelling(tx, due);
      if (telling === undefined) return;
      const said = telling.lane === 'entries' ? await entriesOf(tx, telling) : await sayingOf(tx, telling);
      if (said === undefined) return;
      const { act, body, upTo, filed, notBefore } = said;
      const at = new Date(clock.nowMs());
      const [jti] = await deps.exchange().outbound.say(
        tx,
        [
          {
            aud: telling.peer as EntityId,
            act,
            manifest: saltedManifest(body),
            submitted: false,
            windowS: deps.options.deliveryWindowS,
            ...(notBefore && { notBefore: new Date(at.getTime() + ENTRIES_DELAY_MS) }),
          },
        ],
        at,
      );
      await carryTelling(tx, telling, jti as string, upTo);
      const { agreement } = telling;
      const iss = registry.self.entityId;
      await fileExchanges(tx, [{ iss, jti: jti as string, agreement, act, at, ...filed }]);
    });
  }

  async function entriesOf(tx: Tx, { agreement, told }: Telling) {
    const stored = await readEntriesAfter(
      tx.client,
      { agreement, role: 'host' },
      { after: told },
      MAX_ENTRIES,
    );
    const [first, last] = [stored[0], stored.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return {
      act: 'ledger.entries',
      body: { agreement, entries: stored.map(tellable) },
      upTo: last.seq,
      filed: { role: 'host' as const, firstSeq: first.seq, lastSeq: last.seq },
      notBefore: true,
    };
  }

  async function sayingOf(tx: Tx, telling: Telling) {
    const saying = await readNextSaying(tx.client, telling);
    if (saying === undefined) return undefined;
    const { act, body, id } = saying;
    const { number, statement } = body as { number?: number; statement?: { number: number } };
    const about = number ?? statement?.number;
    const role = act === 'ledger.statement' ? ('host' as const) : ('guest' as const);
    return {
      act,
      body,
      upTo: id,
      filed: { role, ...(about !== undefined && { statement: about }) },
      notBefore: false,
    };
  }

  const sweeper = createSweeper({
    intervalMs: SWEEP_INTERVAL_MS,
    round: async () => {
      for (const due of await readDueTellings(db)) {
        if (registry.peer(due.peer)?.state === 'active') await issue(due);
      }
      return false;
    },
    onError: deps.onError,
  });

  return {
    sweeper,
    listeners: LEDGER_ACTS.map((act) => ({
      act,
      async settled(tx, items) {
        const jtisWhere = (told: boolean) =>
          items
            .filter((item) => {
              // A saying that was refused for good is over; entries are the account itself, and wait for people.
              const over = act !== 'ledger.entries' && !isUndecided(item);
              return (item.state === 'accepted' || over) === told;
            })
            .map(({ jti }) => jti);
        await settleTellings(tx, jtisWhere(true), true, REISSUE);
        await settleTellings(tx, jtisWhere(false), false, REISSUE);
        tx.afterCommit(sweeper.wake);
      },
    })),
  };
}

/** An entry as it travels. */
export function tellable(entry: LedgerEntry): LedgerEntry {
  const { seq, prev, kind, exchange, category, weight, total, at, of } = entry;
  return { seq, prev, kind, exchange, category, weight, total, at, ...(of !== undefined && { of }) };
}
