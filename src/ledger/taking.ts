import type { Tx } from '../db/index.ts';
import type { ActHandler, InboundItem, Verdict } from '../exchange/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { type Applying, applyEntries, type GuestView, type TakenEntry } from '../protocol/ledger/applying.ts';
import { type LedgerEntry, originOf } from '../protocol/ledger/entry.ts';
import { findBreak } from '../protocol/ledger/sequence.ts';
import { markContacts, readContacts } from './contact-store.ts';
import type { LedgerDeps } from './deps.ts';
import { insertDisputes, resolveDisputes } from './dispute-store.ts';
import { insertEntries, type NewEntry, readEntriesAt, type StoredEntry } from './entry-store.ts';
import { fileExchanges } from './file-store.ts';
import { type Forks, refuseFork } from './forks.ts';
import { guestHeadOf, withHead } from './heads.ts';
import { contactOf, findOverdue } from './overdue.ts';
import { sayDispute } from './sayings.ts';
import { lockSequences, readParties, type Sequence, writeSequences } from './sequence-store.ts';
import type { Turns } from './turns.ts';

type EntriesBody = { agreement: string; entries: LedgerEntry[] };
type Judged = { sequence: Sequence; applying: Extract<Applying, { ok: true }> };

const bodyOf = (item: InboundItem) => item.manifest.body as unknown as EntriesBody;

/**
 * `ledger.entries` at the guest: all of an exchange or nothing, in the order of the sequence, under its row's lock. A
 * transaction takes one exchange for each sequence: what it applies decides on the next.
 */
export function createEntriesHandler(
  deps: LedgerDeps,
  forks: Forks,
  turns: Turns,
  wake: () => void,
): ActHandler {
  const { registry, onAlarm } = deps;
  const judged = new WeakMap<InboundItem, Judged>();

  async function viewsOf(tx: Tx, items: readonly InboundItem[], sequences: ReadonlyMap<string, Sequence>) {
    const exchanges = new Set(items.flatMap((item) => bodyOf(item).entries.map(({ exchange }) => exchange)));
    const places = items.flatMap((item) => {
      const { agreement, entries } = bodyOf(item);
      const known = sequences.get(agreement)?.seq ?? 0;
      return entries
        .flatMap(({ seq, of }) => [seq, of ?? 0])
        .filter((seq) => seq > 0 && seq <= known)
        .map((seq) => ({ agreement, seq }));
    });
    const contacts = new Map((await readContacts(tx, [...exchanges])).map((one) => [one.exchange, one]));
    const entries = new Map(
      (await readEntriesAt(tx.client, 'guest', places)).map((one) => [placeOf(one), one]),
    );
    return (item: InboundItem): GuestView => {
      const { agreement } = bodyOf(item);
      const entryAt = (seq: number): StoredEntry | undefined => entries.get(placeOf({ agreement, seq }));
      return {
        hashAt: (seq) => entryAt(seq)?.hash,
        entry(seq) {
          const entry = entryAt(seq);
          return (
            entry && {
              ...entry,
              fault: entry.fault ?? undefined,
              reversedBy: entry.reversedBy ?? undefined,
            }
          );
        },
        contact(exchange) {
          const contact = contacts.get(exchange);
          const ours = contact?.agreement === agreement && contact.peer === item.iss;
          return ours ? contactOf(contact) : undefined;
        },
      };
    };
  }

  async function judge(tx: Tx, items: readonly InboundItem[]): Promise<Verdict[]> {
    const verdicts = new Map<InboundItem, Verdict>();
    const parties = await readParties(
      tx.client,
      items.map((item) => bodyOf(item).agreement),
    );
    const taken = new Map<string, InboundItem>();
    for (const item of items) {
      const { agreement, entries } = bodyOf(item);
      if (parties.get(agreement) !== item.iss) verdicts.set(item, { refusal: 'agreement.unknown' });
      else if (findBreak(entries) !== undefined) verdicts.set(item, { refusal: 'manifest.invalid' });
      else if (!turns.take(tx, agreement)) verdicts.set(item, { refusal: 'exchange.in_progress' });
      else taken.set(agreement, item);
    }
    const guest = registry.self.entityId;
    const sequences = await lockSequences(
      tx,
      'guest',
      [...taken].map(([agreement, { iss: peer }]) => {
        const head = originOf({ agreement, host: peer, guest });
        return { agreement, role: 'guest' as const, peer, head };
      }),
    );
    const viewOf = await viewsOf(tx, [...taken.values()], sequences);
    for (const [agreement, item] of taken) {
      const sequence = sequences.get(agreement) as Sequence;
      const applying = applyEntries(guestHeadOf(sequence), bodyOf(item).entries, viewOf(item));
      if (applying.ok) judged.set(item, { sequence, applying });
      else if (applying.code === 'ledger.fork')
        verdicts.set(item, await refuseFork(forks, tx, item, { agreement, seq: applying.seq }));
      else verdicts.set(item, { refusal: applying.code });
    }
    return items.map((item) => verdicts.get(item) ?? {});
  }

  return {
    act: 'ledger.entries',
    content: 'none',
    link: 'none',
    judge,
    async apply(tx, items) {
      const ofItems = items.map((item) => {
        const { sequence, applying } = judged.get(item) as Judged;
        return { item, sequence: withHead(sequence, applying.head), taken: applying.taken };
      });
      const all = ofItems.flatMap(({ item, sequence, taken }) =>
        taken.map((one) => ({ ...one, agreement: sequence.agreement, item })),
      );
      const sequences = ofItems.map(({ sequence }) => sequence);
      await insertEntries(tx, 'guest', all.map(newEntryOf));
      await writeSequences(tx, sequences);
      await markContacts(tx, all.flatMap(markOf));
      await fileExchanges(
        tx,
        ofItems.map(({ item }) => filed(item)),
      );
      const at = items[0]?.decidedAt ?? new Date(deps.clock.nowMs());
      await resolveDisputes(tx, 'guest', all.flatMap(reversedBy), at);
      const wrong = all.flatMap(({ entry: { seq, exchange }, fault, agreement }) =>
        fault === undefined ? [] : [{ agreement, seq, exchange, reason: fault }],
      );
      const overdue = await findOverdue(tx.client, sequences);
      const raised = await insertDisputes(tx, 'guest', [...wrong, ...overdue], at);
      for (const [agreement, disputed] of Map.groupBy(raised, (one) => one.agreement)) {
        const peer = sequences.find((one) => one.agreement === agreement)?.peer as EntityId;
        await sayDispute(tx, { agreement, peer }, disputed);
        tx.afterCommit(() => onAlarm({ kind: 'dispute', agreement, peer, items: disputed.length }));
      }
      tx.afterCommit(wake);
    },
  };
}

const placeOf = ({ agreement, seq }: { agreement: string; seq: number }) => `${agreement} ${seq}`;

type Taken = TakenEntry & { agreement: string; item: InboundItem };

function newEntryOf({ entry, hash, fault, agreement, item }: Taken): NewEntry {
  return { ...entry, hash, fault: fault ?? null, agreement, broughtBy: item.jti };
}

type Mark = { exchange: string; postedSeq: number | null; reversedSeq: number | null };

function markOf({ entry: { kind, exchange, seq }, fault }: Taken): Mark[] {
  if (fault === 'unknown' || fault === 'duplicate' || fault === 'reversal') return [];
  return kind === 'post'
    ? [{ exchange, postedSeq: seq, reversedSeq: null }]
    : [{ exchange, postedSeq: null, reversedSeq: seq }];
}

function reversedBy({ entry: { of }, fault, agreement }: Taken) {
  return of === undefined || fault === 'reversal' ? [] : [{ agreement, seq: of }];
}

function filed(item: InboundItem) {
  const { agreement, entries } = bodyOf(item);
  const { iss, jti, decidedAt: at } = item;
  const range = { firstSeq: entries[0]?.seq ?? 0, lastSeq: entries.at(-1)?.seq ?? 0 };
  return { iss, jti, agreement, role: 'guest' as const, act: 'ledger.entries', at, ...range };
}
