import type { Pool } from 'undici';
import { type Tx, together } from '../db/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { Signer, VerificationKey } from '../protocol/jose/keys.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type Contact, createContacts } from './contacts.ts';
import type { RecordEvidence, RegistryDeps } from './deps.ts';
import { createDispatchers } from './dispatchers.ts';
import { createFetchConfiguration } from './fetch/fetch-configuration.ts';
import { createGuardedFetch } from './fetch/guarded-fetch.ts';
import { createHeartbeat } from './heartbeat.ts';
import { type KnownKey, loadSnapshot, type PeerView, type Snapshot } from './memory.ts';
import { createNextRun } from './next-run.ts';
import { createOwnConfiguration, type OwnConfiguration } from './own-configuration.ts';
import { openNode, ownEntityId } from './own-keys/open-node.ts';
import { createOwnKeyService, type OwnKeyService } from './own-keys/service.ts';
import { readVersion } from './own-keys/store.ts';
import { createPolling } from './polling.ts';
import { createPeerService, type PeerService } from './service.ts';
import { type LockedPeer, lockPeersShared, type PeerState, readLockedPeers } from './store.ts';
import { createUnknownKeys } from './unknown-keys.ts';

export type Registry = {
  /** Compares or writes who this node is, reads everything into memory, starts the timers. Throws NodeIdentityError. */
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly self: {
    /** Throws `federation.off` on a node that never had a public URL. */
    readonly entityId: EntityId;
    readonly incarnation: number;
    /** Whether this process takes part in the federation: it has a public URL. */
    readonly federating: boolean;
    /** The exchange key that signs now. */
    signer(): Signer;
    /** Any exchange key this node ever had. */
    verificationKey(kid: string): VerificationKey | undefined;
  };
  /** From memory, at most a second old. */
  peer(entityId: string): PeerView | undefined;
  peers(): PeerView[];
  /** From memory: any exchange key this peer ever had. */
  findKey(entityId: string, kid: string): KnownKey | undefined;
  /** Fetches the peer's keys for a name that `findKey` doesn't know; whether it is known now. */
  refetchUnknownKey(entityId: string, kid: string): Promise<boolean>;
  /**
   * Inside the transaction that decides: holds these peers' states still until it ends, then reads them and the clock of
   * the database. A peer that is unknown is missing from the answer.
   */
  lockAndReadPeers(tx: Tx, entityIds: readonly string[]): Promise<Map<string, LockedPeer>>;
  /** Connections to the peer's federation endpoint; undefined for an unknown peer. Don't keep it: ask each time. */
  dispatcher(entityId: string): Pool | undefined;
  noteContact(entityId: string, contact: Contact): void;
  /** Told of each verified call from a peer. Returns what ends it. */
  onPeerContact(listener: (entityId: string) => void): () => void;
  /** Told after this replica's view of peers or keys changed. Returns what ends it. */
  onChange(listener: () => void): () => void;
  /** For readiness and metrics: how old this replica's view is, and which peers' configurations have run out. */
  status(): { viewAgeMs: number; peers: Record<PeerState, number>; stalePeers: EntityId[] };
  readonly peerAdmin: PeerService;
  readonly ownKeys: OwnKeyService;
  readonly ownConfiguration: OwnConfiguration;
};

const VIEW_INTERVAL_MS = 1_000;
const FLUSH_INTERVAL_MS = 5_000;
/** How often keys are looked at that only wait to become historical. */
const RETIRING_INTERVAL_MS = 60_000;

/** The bilateral registry: who the peers are is decided here, by operators, with pins. */
export function createRegistry(deps: RegistryDeps): Registry {
  const { db, keys, clock, config, log } = deps;
  const entityId = ownEntityId(config.publicUrl, config.allowInsecurePeers);
  const listeners = new Set<() => void>();
  let snapshot: Snapshot | undefined;
  let retiringCheckedMs = 0;
  let lookedAtMs = 0;

  function current(): Snapshot {
    if (snapshot === undefined) throw new Error('the registry has not been started');
    return snapshot;
  }

  // One after the other, so that an older view never replaces a newer one.
  const { ask: reload, settled } = createNextRun(async () => {
    snapshot = await loadSnapshot({ db, keys }, snapshot);
    dispatchers.keepOnly((id) => snapshot?.peers.get(id)?.view);
    for (const listener of listeners) listener();
  });

  const self = {
    get entityId() {
      const known = current().node.entityId;
      if (known === undefined) throw new Refusal('federation.off');
      return known;
    },
    get incarnation() {
      return current().node.incarnation;
    },
    federating: entityId !== undefined,
    signer() {
      const signer = current().signers.get('exchange');
      if (signer === undefined) throw new Error('no exchange key is active');
      return signer;
    },
    verificationKey(kid: string) {
      const own = current().ownKeys.get(kid);
      return own?.purpose === 'exchange' ? own.key : undefined;
    },
  };

  // A node that never federated has no name to sign evidence with, and nobody to show it to.
  const attest: RecordEvidence = async (tx, record) => {
    if (current().node.entityId !== undefined) await deps.recordEvidence(tx, record);
  };

  const allowInsecure = config.allowInsecurePeers;
  const network = { allowPrivate: allowInsecure, lookup: deps.lookup };
  const nowMs = () => clock.nowMs();
  const dispatchers = createDispatchers(network);
  const contacts = createContacts({ db, clock });
  const fetchConfiguration = createFetchConfiguration({
    fetch: createGuardedFetch(network),
    clock,
    allowInsecure,
  });
  const apply = { attest, log, keyPublishS: config.keyPublishS };
  const { peerPollS, keyPublishS } = config;
  const polling = createPolling({ db, fetchConfiguration, apply, peerPollS, nowMs, reload });
  const findKey = (peer: string, kid: string) => current().peers.get(peer)?.exchangeKeys.get(kid);
  const unknownKeys = createUnknownKeys({
    refresh: polling.refresh,
    isKnown: (peer, kid) => findKey(peer, kid)?.status === 'current',
    nowMs,
  });
  const ownKeys = createOwnKeyService({ db, keys, keyPublishS, log, attest, reload });

  async function promote(): Promise<void> {
    const states = new Set([...current().ownKeys.values()].map(({ state }) => state));
    const retiringDue = states.has('retiring') && nowMs() - retiringCheckedMs >= RETIRING_INTERVAL_MS;
    if (!states.has('pending') && !retiringDue) return;
    retiringCheckedMs = nowMs();
    await ownKeys.promoteDue();
  }

  const heartbeats = [
    createHeartbeat('view', VIEW_INTERVAL_MS, log, async () => {
      if ((await readVersion(db)) !== current().version) await reload();
      lookedAtMs = nowMs();
      await promote();
    }),
    createHeartbeat('contacts', FLUSH_INTERVAL_MS, log, contacts.flush),
    createHeartbeat('configurations', Math.min(5_000, (peerPollS * 1000) / 4), log, async () => {
      if (entityId !== undefined) await polling.pollDue();
    }),
  ];

  return {
    self,
    async start() {
      await keys.reload();
      await db.transact((tx) => openNode(tx, { keys, entityId, nowMs: nowMs() }));
      await reload();
      lookedAtMs = nowMs();
      for (const heartbeat of heartbeats) heartbeat.start();
    },
    async stop() {
      unknownKeys.stop();
      await Promise.all(heartbeats.map((heartbeat) => heartbeat.stop()));
      await settled();
      await contacts.flush().catch((error: unknown) => {
        log.warn({ err: error }, 'the last contacts with peers were not saved');
      });
      await dispatchers.close();
    },

    peer: (id) => current().peers.get(id)?.view,
    peers: () => [...current().peers.values()].map(({ view }) => view),
    findKey,
    async refetchUnknownKey(id, kid) {
      const state = current().peers.get(id)?.view.state;
      if (state !== 'active' && state !== 'suspended') return false;
      return await unknownKeys.ask(id, kid);
    },
    async lockAndReadPeers(tx, ids) {
      // The second statement takes its snapshot once the first has its locks, whenever it was sent.
      const [, read] = await together([lockPeersShared(tx, ids), readLockedPeers(tx, ids)]);
      return read;
    },
    dispatcher(id) {
      const view = current().peers.get(id)?.view;
      return view && dispatchers.get(view);
    },
    noteContact: contacts.note,
    onPeerContact: contacts.onInbound,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    status() {
      const views = [...current().peers.values()].map(({ view }) => view);
      const peers = { discovered: 0, requested: 0, active: 0, suspended: 0, revoked: 0 };
      for (const { state } of views) peers[state]++;
      const stale = views.filter(
        ({ state, configurationExpiresAtMs }) =>
          (state === 'active' || state === 'suspended') && (configurationExpiresAtMs ?? 0) <= nowMs(),
      );
      return { viewAgeMs: nowMs() - lookedAtMs, peers, stalePeers: stale.map((view) => view.entityId) };
    },

    ownKeys,
    peerAdmin: createPeerService({
      db,
      fetchConfiguration,
      apply,
      allowInsecure,
      peerPollS,
      nowMs,
      self: () => self.entityId,
      announce: deps.announce ?? (async () => {}),
      refresh: polling.refresh,
      reload,
    }),
    ownConfiguration: createOwnConfiguration({
      clock,
      config,
      snapshot: current,
      entityId: () => self.entityId,
      historicalKeysUrl: () => `${self.entityId}${HISTORICAL_KEYS_PATH}`,
    }),
  };
}

/** Below the federation API, beside what the configuration's fixed address serves. */
export const HISTORICAL_KEYS_PATH = '/federation/v1/historical-keys';
