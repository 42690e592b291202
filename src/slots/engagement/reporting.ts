import { createSweeper, readNow, type Sweeper, type Tx } from '../../db/index.ts';
import { type LinkView, type OutcomeListener, saltedManifest } from '../../exchange/index.ts';
import type { EntityId } from '../../protocol/ids.ts';
import {
  GUEST_EVENTS,
  type GuestEvent,
  type MessageEvent,
  type SlotEngagementBody,
  type ToldEvent,
} from '../../protocol/slot/engagement.ts';
import type { SlotDeps } from '../deps.ts';
import { carryMonths, readDueMonths } from './month-store.ts';
import {
  carryReports,
  claimPeer,
  type DueReport,
  dropReports,
  insertReports,
  lockReports,
  markUnderWay,
  type NewReport,
  readDuePeers,
  readDueReports,
  readUnderWay,
  settleReports,
} from './report-store.ts';

const ACT = 'slot.engagement';
/** Events in one exchange, as its schema says. */
const MAX_EVENTS = 500;
const SWEEP_INTERVAL_MS = 20_000;
/** Before what a peer refused is issued again; doubled each time, up to the cap. */
const REISSUE = { baseS: 30, capS: 6 * 3600 };
/** What customers take back now and then is told after a while. */
const UNDO_MS = 10 * 60_000;
const UNDOABLE: ReadonlySet<string> = new Set(['dismissed', 'reported', 'muted']);

export type EngagementReporter = {
  /** Notes what guests are to be told, of customers who agree to it; the rest is left out. */
  add(tx: Tx, events: readonly Omit<NewReport, 'dueAt'>[]): Promise<void>;
  readonly outcome: OutcomeListener;
  /** Exchanges under way that hold what may not be told any more. */
  outdated(jtis: readonly string[]): Promise<ReadonlySet<string>>;
  /** Issues one exchange for each guest that waits and has none under way. Any replica may do it, at any time. */
  readonly sweeper: Sweeper;
  sweep(): Promise<void>;
};

/**
 * Tells guests what customers did, many in one exchange. What was not accepted is issued again under a new id, as it may
 * then still be told: what a node says of itself never ends by expiry, and a consent that was withdrawn holds at once.
 */
export function createEngagementReporter(deps: SlotDeps): EngagementReporter {
  const { db, registry } = deps;

  const agreesToEach = (link: LinkView | undefined) =>
    link?.state === 'active' && link.scopes[registry.self.entityId]?.engagement === 'individual';

  async function mayTell(tx: Tx, linkIds: readonly string[]): Promise<(linkId: string) => boolean> {
    const views = await deps.links.lock(tx, [...new Set(linkIds)].sort());
    return (linkId) => agreesToEach(views.get(linkId));
  }

  async function say(tx: Tx, peer: string, body: SlotEngagementBody): Promise<string> {
    const said = {
      aud: peer as EntityId,
      act: ACT,
      manifest: saltedManifest(body),
      submitted: false,
      windowS: deps.options.deliveryWindowS,
    };
    const [jti] = await deps.exchange().outbound.say(tx, [said], await readNow(tx));
    return jti as string;
  }

  async function issue(peer: string): Promise<void> {
    await db.transact(async (tx) => {
      if (!(await claimPeer(tx, peer))) return;
      const asked = await readDueReports(tx, peer, MAX_EVENTS);
      const allowed = await mayTell(
        tx,
        asked.map(({ linkId }) => linkId),
      );
      // Links before reports, as whoever erases a link locks them.
      const due = await lockReports(
        tx,
        asked.map(({ id }) => id),
      );
      const told = due.filter(({ linkId }) => allowed(linkId));
      await dropReports(
        tx,
        due.filter(({ linkId }) => !allowed(linkId)).map(({ id }) => id),
      );
      if (told.length > 0) {
        const jti = await say(tx, peer, { events: told.map(eventOf) });
        await carryReports(
          tx,
          peer,
          jti,
          told.map(({ id }) => id),
        );
        return;
      }
      const months = await readDueMonths(tx, peer);
      if (months.length === 0) return;
      const jti = await say(tx, peer, { months });
      await carryMonths(
        tx,
        peer,
        jti,
        months.map(({ month }) => month),
      );
      await markUnderWay(tx, peer, jti);
    });
  }

  async function sweep(): Promise<void> {
    for (const peer of await readDuePeers(db)) {
      if (registry.peer(peer)?.state === 'active') await issue(peer);
    }
  }

  const sweeper = createSweeper({
    intervalMs: SWEEP_INTERVAL_MS,
    round: async () => {
      await sweep();
      return false;
    },
    onError: deps.onError,
  });

  return {
    async add(tx, events) {
      if (events.length === 0) return;
      const allowed = await mayTell(
        tx,
        events.map(({ linkId }) => linkId),
      );
      const now = await readNow(tx);
      const due = (kind: string) => new Date(now.getTime() + (UNDOABLE.has(kind) ? UNDO_MS : 0));
      await insertReports(
        tx,
        events.filter(({ linkId }) => allowed(linkId)).map((event) => ({ ...event, dueAt: due(event.kind) })),
      );
    },
    async outdated(jtis) {
      const under = await db.withClient((client) => readUnderWay(client, jtis));
      const views = await deps.links.read([...new Set(under.map(({ linkId }) => linkId))]);
      return new Set(under.filter(({ linkId }) => !agreesToEach(views.get(linkId))).map(({ jti }) => jti));
    },
    outcome: {
      act: ACT,
      async settled(tx, items) {
        await settleReports(
          tx,
          items.map((item) => ({ jti: item.jti, accepted: item.state === 'accepted', at: item.settledAt })),
          REISSUE,
        );
        tx.afterCommit(sweeper.wake);
      },
    },
    sweeper,
    sweep,
  };
}

function eventOf({ message, linkId, kind, at }: DueReport): ToldEvent {
  const told = `${at.toISOString().slice(0, 19)}Z`;
  if (GUEST_EVENTS.some((one) => one === kind)) return { link: linkId, kind: kind as GuestEvent, at: told };
  if (message === null) throw new Error('an event with a message that has none');
  return { message, kind: kind as MessageEvent, at: told };
}
