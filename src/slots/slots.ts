import type { Caller } from '../api-access.ts';
import { createSweeper, type Sweeper } from '../db/index.ts';
import type { AgreementView } from '../exchange/index.ts';
import type { SlotGrant } from '../protocol/agreement/terms.ts';
import type { EntityId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { FetchResult } from '../registry/index.ts';
import type { SlotDeps } from './deps.ts';
import { humanOf } from './facts.ts';
import { readSlotStates, slotKey } from './hosting-store.ts';
import { claimProbe, writePause, writeProbe } from './slot-store.ts';

/** Every so often a host looks whether the page answers where customers reach a person. */
const PROBE_INTERVAL_MS = 15 * 60_000;
const SWEEP_INTERVAL_MS = 60_000;
const PAGE_MAX_BYTES = 256 * 1024;

/** Whatever a page is like, and whoever it lets in: somebody keeps it, unless it is gone or broken. */
function isThere(found: FetchResult): boolean {
  if (found.ok || PAGE_AFTER_ALL.has(found.reason)) return true;
  const status = found.reason === 'fetch.status' ? Number(found.detail) : 500;
  return status < 500 && status !== 404 && status !== 410;
}

const PAGE_AFTER_ALL: ReadonlySet<string> = new Set([
  'fetch.redirect',
  'fetch.encoding',
  'fetch.too_large',
  'fetch.content_type',
]);

export type SlotView = {
  /** Who grants it: this node's institution, or the peer. */
  side: 'hosted' | 'granted';
  peer: { id: string; organizationName: string };
  agreement: string;
  /** What a host knows of its own; of a granted slot only what the agreement says. */
  state: 'open' | 'paused' | 'no_human' | 'human_unreachable';
  pausedAt?: Date;
  pausedReason?: string;
  humanCheckedAt?: Date;
  grant: SlotGrant;
};

/** A hosted slot: whom it is for, and how the agreement calls it. */
type SlotName = { peer: string; slot: string };

export type Slots = {
  /** Those of the versions that apply now, hosted here and granted by peers. */
  list(filter: { peer?: string; side?: SlotView['side'] }): Promise<SlotView[]>;
  /** Takes no message any more until it is resumed. @throws Refusal `slot.not_found` */
  pause(slot: SlotName, reason: string, caller: Caller): Promise<SlotView>;
  resume(slot: SlotName, caller: Caller): Promise<SlotView>;
  /** Looks at the pages that are due. */
  probe(): Promise<void>;
  readonly prober: Sweeper;
};

export function createSlots(deps: SlotDeps): Slots {
  const { db, clock, registry } = deps;

  async function currentVersions(peers: readonly string[]): Promise<Map<string, AgreementView>> {
    const nowMs = clock.nowMs();
    return db.transact(async (tx) => {
      const books = await deps.agreements.read(tx, peers);
      const versions = new Map<string, AgreementView>();
      for (const peer of peers) {
        const version = await books.current(peer, nowMs);
        if (version !== undefined) versions.set(peer, version);
      }
      return versions;
    });
  }

  async function list({ peer, side }: { peer?: string; side?: SlotView['side'] }): Promise<SlotView[]> {
    const self = registry.self.entityId;
    const peers = registry.peers().map(({ entityId }) => entityId as string);
    const wanted = peer === undefined ? peers : peers.filter((id) => id === peer);
    const versions = await currentVersions(wanted);
    const states = await db.withClient((client) => readSlotStates(client, [...versions.keys()]));
    return [...versions].flatMap(([id, version]) => {
      const named = { id, organizationName: registry.peer(id)?.organizationName ?? id };
      const common = { peer: named, agreement: version.id };
      const hosted = (version.terms.hosts[self]?.slots ?? []).map((grant): SlotView => {
        const state = states.get(slotKey({ peer: id, slot: grant.slot }));
        const human = humanOf(grant, state);
        return {
          side: 'hosted',
          ...common,
          state:
            state?.pausedAt != null
              ? 'paused'
              : human === 'none'
                ? 'no_human'
                : human === 'unreachable'
                  ? 'human_unreachable'
                  : 'open',
          ...(state?.pausedAt != null && { pausedAt: state.pausedAt }),
          ...(state?.pausedReason != null && { pausedReason: state.pausedReason }),
          ...(state?.humanCheckedAt != null && { humanCheckedAt: state.humanCheckedAt }),
          grant,
        };
      });
      const granted = (version.terms.hosts[id]?.slots ?? []).map(
        (grant): SlotView => ({
          side: 'granted',
          ...common,
          state: grant.human === undefined ? 'no_human' : 'open',
          grant,
        }),
      );
      return [...hosted, ...granted].filter((slot) => side === undefined || slot.side === side);
    });
  }

  async function find(slot: SlotName): Promise<SlotView> {
    const hosted = await list({ peer: slot.peer, side: 'hosted' });
    const found = hosted.find(({ grant }) => grant.slot === slot.slot);
    if (found === undefined) throw new Refusal('slot.not_found');
    return found;
  }

  async function setPause(slot: SlotName, reason: string | null, caller: Caller): Promise<SlotView> {
    await find(slot);
    await db.transact(async (tx) => {
      // A reason is for our own people, and who gave it too: the record, which is kept for ever, tells neither.
      if (await writePause(tx, slot, reason)) {
        await deps.evidence.record(tx, {
          event: 'SlotChanged',
          peer: slot.peer as EntityId,
          subject: `slot:${slot.slot}:${reason === null ? 'resumed' : 'paused'}`,
        });
      }
      const action = reason === null ? 'slot.resume' : 'slot.pause';
      await deps.noteAction(tx, caller, { action, outcome: 'ok', detail: `${slot.peer} ${slot.slot}` });
    });
    return find(slot);
  }

  async function probe(): Promise<void> {
    for (const { peer, grant, state } of await list({ side: 'hosted' })) {
      const { human } = grant;
      if (human?.kind !== 'web' || state === 'paused') continue;
      const slot = { peer: peer.id, slot: grant.slot };
      if (!(await claimProbe(db, slot, PROBE_INTERVAL_MS))) continue;
      const [url = human.url] = human.url.split('#', 1);
      await writeProbe(
        db,
        slot,
        isThere(await deps.probe({ url, mediaType: 'text/html', maxBytes: PAGE_MAX_BYTES })),
      );
    }
  }

  return {
    list,
    pause: setPause,
    resume: (slot, caller) => setPause(slot, null, caller),
    probe,
    prober: createSweeper({
      intervalMs: SWEEP_INTERVAL_MS,
      async round() {
        await probe();
        return false;
      },
      onError: deps.onError,
    }),
  };
}
