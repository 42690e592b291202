import type { Clock } from '../clock.ts';
import { createSweeper, type Database, type Sweeper, type Tx } from '../db/index.ts';
import {
  type ActHandler,
  type ExchangeService,
  type LinkGate,
  type OutcomeListener,
  saltedManifest,
} from '../exchange/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import {
  carryReports,
  claimPeer,
  dropReports,
  type FreeReport,
  insertReports,
  type MergedStatus,
  mergeStatuses,
  type NewReport,
  readDuePeers,
  readFreeReports,
  settleReports,
} from './status-store.ts';

export const STATUS_ACT = 'document.status';

/** Statuses in one exchange, as its schema says. */
const MAX_STATUSES = 500;

/** Before what a peer refused is issued again; doubled each time, up to the cap. */
const REISSUE = { baseS: 30, capS: 6 * 3600 };

type Status = { document: string; state: 'consigned' | 'refused' | 'notified' | 'opened'; at: string };

/**
 * `document.status` at the sender of the documents. A peer speaks only of what it was sent: statuses of other exchanges
 * are passed over, and tell it nothing.
 */
export function createStatusHandler(): ActHandler {
  return {
    act: STATUS_ACT,
    content: 'none',
    link: 'none',
    async apply(tx, items) {
      const merged = new Map<string, MergedStatus>();
      for (const item of items) {
        for (const status of item.manifest.body['statuses'] as Status[]) {
          const key = `${item.iss} ${status.document}`;
          const known = merged.get(key) ?? {
            peer: item.iss,
            document: status.document,
            consigned: null,
            refused: null,
            notified: null,
            opened: null,
          };
          const at = new Date(status.at);
          const before = known[status.state];
          merged.set(key, { ...known, [status.state]: before === null || at < before ? at : before });
        }
      }
      await mergeStatuses(tx, [...merged.values()]);
    },
  };
}

export type StatusReports = {
  /** Notes what travels back, in the transaction of the step; what the link doesn't let travel is left out. */
  add(tx: Tx, reports: readonly (NewReport & { linkId: string })[]): Promise<void>;
};

export type StatusReporter = StatusReports & {
  readonly outcome: OutcomeListener;
  /** Issues one exchange for each peer that waits and has none under way. Any replica may do it, at any time. */
  readonly sweeper: Sweeper;
};

/**
 * Tells senders what became of their documents, many in one exchange, one exchange at a time for each peer. What was
 * not accepted is issued again under a new id, for as long as it takes: what a node says of itself never ends by expiry.
 */
export function createStatusReporter(deps: {
  db: Database;
  clock: Clock;
  links: LinkGate;
  self: () => string;
  peerState: (peer: string) => string | undefined;
  exchange: () => Pick<ExchangeService, 'outbound'>;
  windowS: number;
  intervalMs: number;
  onError: (error: unknown) => void;
}): StatusReporter {
  const { db, clock, links } = deps;

  async function mayTellOpened(tx: Tx, linkIds: readonly string[]): Promise<(linkId: string) => boolean> {
    const views = await links.lock(tx, [...new Set(linkIds)].sort());
    return (linkId) => {
      const link = views.get(linkId);
      return link?.state === 'active' && link.scopes[deps.self()]?.readReceipts === true;
    };
  }

  async function issue(peer: string): Promise<void> {
    await db.transact(async (tx) => {
      if (!(await claimPeer(tx, peer))) return;
      const free = await readFreeReports(tx, peer, MAX_STATUSES);
      const allowed = await mayTellOpened(
        tx,
        free.map((report) => report.linkId),
      );
      const told = free.filter((report) => report.state !== 'opened' || allowed(report.linkId));
      await dropReports(
        tx,
        free.filter((report) => !told.includes(report)),
      );
      if (told.length === 0) return;
      const said = {
        aud: peer as EntityId,
        act: STATUS_ACT,
        manifest: saltedManifest({ statuses: told.map(statusOf) }),
        submitted: false,
        windowS: deps.windowS,
      };
      const [jti] = await deps.exchange().outbound.say(tx, [said], new Date(clock.nowMs()));
      await carryReports(tx, peer, jti as string, told);
    });
  }

  const sweeper = createSweeper({
    intervalMs: deps.intervalMs,
    round: async () => {
      for (const peer of await readDuePeers(db)) {
        if (deps.peerState(peer) === 'active') await issue(peer);
      }
      return false;
    },
    onError: deps.onError,
  });

  return {
    async add(tx, reports) {
      const openings = reports.filter((report) => report.state === 'opened');
      const allowed =
        openings.length === 0
          ? () => false
          : await mayTellOpened(
              tx,
              openings.map((report) => report.linkId),
            );
      const told = reports.filter((report) => report.state !== 'opened' || allowed(report.linkId));
      if (told.length === 0) return;
      await insertReports(tx, told);
      tx.afterCommit(sweeper.wake);
    },
    outcome: {
      act: STATUS_ACT,
      async settled(tx, items) {
        for (const accepted of [true, false]) {
          const jtis = items
            .filter((item) => (item.state === 'accepted') === accepted)
            .map((item) => item.jti);
          if (jtis.length > 0) await settleReports(tx, jtis, accepted, REISSUE);
        }
        tx.afterCommit(sweeper.wake);
      },
    },
    sweeper,
  };
}

function statusOf({ jti, state, at }: FreeReport): Status {
  return { document: jti, state, at: at.toISOString() };
}
