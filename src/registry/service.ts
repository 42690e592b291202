import type { Database, Tx } from '../db/index.ts';
import { canonicalizeEntityId, type EntityId } from '../protocol/ids.ts';
import { isThumbprint } from '../protocol/jose/keys.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type ApplyDeps, applyConfiguration } from './apply-configuration.ts';
import type { RegistryProblemCode } from './errors.ts';
import type { FetchConfiguration } from './fetch/fetch-configuration.ts';
import { bumpVersion } from './own-keys/store.ts';
import { listPeerKeys, listPins } from './peer-keys-store.ts';
import {
  keyShape,
  type PeerDetails,
  type PeerPreview,
  type PeerSummary,
  pinShape,
  previewOf,
  summaryOf,
} from './peer-shapes.ts';
import {
  listPeers,
  lockPeer,
  lockPeerRow,
  noteFetch,
  type PeerRow,
  type PeerState,
  setPeerState,
} from './store.ts';

/**
 * What an operator does with peers. Ids and URLs may be typed in any form that means the same node. Each refuses with
 * a Refusal whose code is in `registryProblems`; details of `peer.unreachable` and `peer.configuration` name the cause
 * as `reason`.
 */
export type PeerService = {
  /** Fetches and checks what a node says of itself. Nothing is kept; the keys are to be compared over another channel. */
  discover(url: string): Promise<PeerPreview>;
  /** Fetches, checks against the pin, and makes the peer active. `peer.exists` unless it is unknown or revoked. */
  add(peer: { url: string; pin: string }): Promise<PeerDetails>;
  list(): Promise<PeerSummary[]>;
  show(id: string): Promise<PeerDetails>;
  /** Holds at once on all replicas: it waits for the batches under way. The reason is for our own eyes. */
  suspend(id: string, reason: string): Promise<PeerDetails>;
  resume(id: string): Promise<PeerDetails>;
  /** Ends the relation; all data and proofs are kept. */
  remove(id: string, reason: string): Promise<PeerDetails>;
  /** After a peer lost its federation keys: trusts this one, and no earlier one. */
  repin(id: string, pin: string): Promise<PeerDetails>;
  /** Fetches the configuration now, and tells what became of it. */
  refresh(id: string): Promise<PeerDetails>;
};

const MAX_REASON_LENGTH = 200;
const UNPRINTABLE = /\p{Cc}|\p{Cs}/u;

export function createPeerService(deps: {
  db: Database;
  fetchConfiguration: FetchConfiguration;
  apply: ApplyDeps;
  allowInsecure: boolean;
  peerPollS: number;
  nowMs: () => number;
  self: () => EntityId;
  refresh: (entityId: string) => Promise<boolean>;
  /** Queues the word of a change for the peer, in its transaction. */
  announce: (tx: Tx, entityId: EntityId) => Promise<void>;
  reload: () => Promise<void>;
}): PeerService {
  const { db, apply } = deps;

  function parseId(url: string): EntityId {
    const entityId = canonicalizeEntityId(url.trim(), { allowInsecure: deps.allowInsecure });
    if (entityId === undefined) throw refusal('peer.url');
    return entityId;
  }

  function parseRemote(url: string): EntityId {
    const entityId = parseId(url);
    if (entityId === deps.self()) throw refusal('peer.self');
    return entityId;
  }

  async function fetchTrusted(entityId: EntityId, isTrusted: (kid: string) => boolean) {
    const fetched = await deps.fetchConfiguration(entityId, isTrusted);
    if (fetched.ok) return fetched;
    const { reason, detail } = fetched;
    if (reason === 'entity.not_pinned') throw refusal('peer.pin_mismatch', { signedBy: detail });
    const code = reason.startsWith('fetch.') ? 'peer.unreachable' : 'peer.configuration';
    throw refusal(code, { reason, ...(detail !== undefined && { cause: detail }) });
  }

  async function show(id: string): Promise<PeerDetails> {
    const entityId = parseId(id);
    const [peer, keys, pins] = await Promise.all([
      listPeers(db.read, entityId),
      listPeerKeys(db.read, entityId),
      listPins(db.read, entityId),
    ]);
    if (peer[0] === undefined) throw refusal('peer.not_found', { id: entityId });
    return { ...summaryOf(peer[0], deps.nowMs()), keys: keys.map(keyShape), pins: pins.map(pinShape) };
  }

  /** Under the lock that batches share, so that the change takes its place between them. */
  async function change(
    entityId: EntityId,
    work: (tx: Tx, peer: PeerRow | undefined) => Promise<void>,
  ): Promise<PeerDetails> {
    await db.transact(async (tx) => {
      await lockPeer(tx, entityId);
      await lockPeerRow(tx, entityId);
      await work(tx, (await listPeers(tx.kysely, entityId))[0]);
      await bumpVersion(tx);
    });
    await deps.reload();
    return await show(entityId);
  }

  function move(
    id: string,
    from: readonly PeerState[],
    to: PeerState,
    reason?: string,
  ): Promise<PeerDetails> {
    const entityId = parseId(id);
    return change(entityId, async (tx, peer) => {
      if (peer === undefined) throw refusal('peer.not_found', { id: entityId });
      if (!from.includes(peer.state)) throw refusal('peer.state', { id: entityId, state: peer.state });
      await setPeerState(tx, entityId, to, reason);
      await apply.attest(tx, {
        event: 'PeerChanged',
        peer: entityId,
        subject: `state:${to}`,
        ...(to !== 'active' && { reason: `peer.${to}` }),
      });
      await deps.announce(tx, entityId);
      apply.log.info({ peer: entityId, state: to }, 'the state of a peer changed');
    });
  }

  return {
    show,

    async discover(url) {
      const fetched = await fetchTrusted(parseRemote(url), () => true);
      return previewOf(fetched.configuration, fetched.clockDifferenceMs);
    },

    async add({ url, pin }) {
      const entityId = parseRemote(url);
      if (!isThumbprint(pin)) throw refusal('peer.pin');
      const fetched = await fetchTrusted(entityId, (kid) => kid === pin);
      return await change(entityId, async (tx, peer) => {
        if (peer !== undefined && (peer.state === 'active' || peer.state === 'suspended')) {
          throw refusal('peer.exists', { id: entityId, state: peer.state });
        }
        await applyConfiguration(tx, apply, fetched.configuration, { state: 'active', pinSignerOnly: true });
        await noteFetch(tx, entityId, {
          nextS: deps.peerPollS,
          clockDifferenceMs: fetched.clockDifferenceMs,
        });
        await apply.attest(tx, { event: 'PeerChanged', peer: entityId, subject: 'state:active' });
      });
    },

    async list() {
      return (await listPeers(db.read)).map((peer) => summaryOf(peer, deps.nowMs()));
    },

    async suspend(id, reason) {
      return await move(id, ['active'], 'suspended', parseReason(reason));
    },
    async resume(id) {
      return await move(id, ['suspended'], 'active');
    },
    async remove(id, reason) {
      const from = ['discovered', 'requested', 'active', 'suspended'] as const;
      return await move(id, from, 'revoked', parseReason(reason));
    },

    async repin(id, pin) {
      const entityId = parseRemote(id);
      if (!isThumbprint(pin)) throw refusal('peer.pin');
      await show(entityId);
      const fetched = await fetchTrusted(entityId, (kid) => kid === pin);
      return await change(entityId, async (tx, peer) => {
        if (peer?.state !== 'active' && peer?.state !== 'suspended') {
          throw refusal('peer.state', { id: entityId, state: peer?.state });
        }
        await applyConfiguration(tx, apply, fetched.configuration, { pinSignerOnly: true });
        await noteFetch(tx, entityId, {
          nextS: deps.peerPollS,
          clockDifferenceMs: fetched.clockDifferenceMs,
        });
      });
    },

    async refresh(id) {
      const { id: entityId, state } = await show(id);
      if (state !== 'active' && state !== 'suspended') throw refusal('peer.state', { id: entityId, state });
      await deps.refresh(entityId);
      return await show(entityId);
    },
  };
}

function parseReason(reason: string): string {
  const text = reason.trim();
  if (text === '' || text.length > MAX_REASON_LENGTH || UNPRINTABLE.test(text)) throw refusal('peer.reason');
  return text;
}

function refusal(
  code: RegistryProblemCode,
  details: Record<string, unknown> = {},
): Refusal<RegistryProblemCode> {
  return new Refusal(code, details);
}
