import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import {
  AGREEMENT_ACTS,
  type AgreementService,
  createAgreementGate,
  createAgreementService,
} from './agreements/index.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { createSweeper, type Database } from './db/index.ts';
import {
  createDocumentService,
  createPushHandler,
  createVault,
  type DocumentService,
  type Vault,
} from './documents/index.ts';
import { createEvidence, type Evidence } from './evidence/index.ts';
import {
  createExchangeService,
  createKekRotation,
  createPeerNotices,
  createPostgresBodyStore,
  type ExchangeService,
  type KekRotation,
} from './exchange/index.ts';
import { createLogger, createMetrics, createRoomMetrics, createTokenBuckets, logTry } from './http/index.ts';
import { createFileKeyStore, createVerifier } from './keys/index.ts';
import { createLedgerService, LEDGER_ACTS, type LedgerAlarm, type LedgerService } from './ledger/index.ts';
import { createLinkGate, createLinkService, type LinkService } from './links/index.ts';
import { openNodeDatabase } from './node-database.ts';
import { serveNode } from './node-http.ts';
import { createOutbox, type Outbox } from './outbox/index.ts';
import { createGuardedFetch, createRegistry, type Registry } from './registry/index.ts';
import { createReports, type Reports } from './reports/index.ts';
import { createSlotService, type SlotService } from './slots/index.ts';

export type Node = {
  readonly config: Config;
  readonly db: Database;
  readonly registry: Registry;
  readonly evidence: Evidence;
  readonly exchange: ExchangeService;
  readonly documents: DocumentService;
  readonly vault: Vault;
  readonly keks: KekRotation;
  readonly links: LinkService;
  readonly agreements: AgreementService;
  readonly ledger: LedgerService;
  readonly slots: SlotService;
  readonly reports: Reports;
  readonly outbox: Outbox;
  /** Where it listens. */
  readonly address: { host: string; port: number };
  readonly management: { host: string; port: number };
  /** Files the first start made. */
  readonly created: readonly string[];
  /** Stops accepting, lets what is in flight finish, then stops the database it started. */
  stop(): Promise<void>;
};

export type NodeOverrides = { clock?: Clock; logger?: Logger };

const DAY_S = 86_400;
/** Of one link: enough for a campaign that asks first, and too few to watch a customer by. */
const PREFLIGHTS_PER_MIN = 6;
const SWEEP_INTERVAL_MS = 60_000;
const LEDGER_ALARMS: Readonly<Record<LedgerAlarm['kind'], string>> = {
  past_tolerance: 'a message was taken past the tolerance of its agreement',
  fork: 'a peer told two histories of its ledger: messages under the agreement wait',
  dispute: 'entries of a ledger are disputed',
};

/** Wires the whole program, once, and starts it. What was started is stopped again when a later step fails. */
export async function startNode(config: Config, overrides: NodeOverrides = {}): Promise<Node> {
  // The heap may grow to three times what lives on it between two full collections. V8 works that out by itself, but once it
  // has seen a process quiet it allows a third more for good, and a burst then is collected eight times a second (ADR 15).
  setFlagsFromString('--heap-growing-percent=200');
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    return await start(config, overrides, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  { clock = systemClock, logger = createLogger(config.logLevel) }: NodeOverrides,
  stops: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Node> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const database = await openNodeDatabase({ config, logger }, stops);
  const { db } = database;

  const metrics = createMetrics();
  const counted = createRoomMetrics(metrics.registry);
  const keys = createFileKeyStore({ directory: path.join(config.dataDir, 'keys'), clock });
  const verifier = createVerifier({
    onFailure: (error) => logger.warn({ err: error }, 'the thread that verifies signatures failed'),
  });
  stops.push(() => verifier.close());
  const onError = (error: unknown) => logger.error({ err: error }, 'background work failed');
  const evidence: Evidence = counted.countEvidence(
    createEvidence({ db, clock, identity: () => registry.self }),
  );
  const registry: Registry = createRegistry({
    db,
    keys,
    clock,
    config: {
      publicUrl: config.publicUrl,
      allowInsecurePeers: config.allowInsecurePeers,
      organizationName: config.organizationName,
      contacts: config.contactEmails,
      peerPollS: config.peerPollS,
      keyPublishS: config.keyPublishS,
      limits: { max_document_bytes: config.maxDocumentBytes },
    },
    log: logger,
    recordEvidence: (tx, record) => evidence.record(tx, record),
    announce: (tx, entityId) => notices.announce(tx, entityId),
  });
  const notices = createPeerNotices({
    exchange: () => exchange,
    hasten: (tx, peer) => outbox.hastenPeer(tx, peer),
    windowS: config.deliveryWindowDays * DAY_S,
    now: () => new Date(clock.nowMs()),
  });
  await registry.start();
  stops.push(() => registry.stop());

  const outbox = createOutbox({
    db,
    clock,
    options: {
      perPeerConcurrency: config.outboxPerPeerConcurrency,
      retry: { baseMs: config.retryBaseMs, capMs: config.retryCapMs },
    },
    onTried(leased, attempt, ms) {
      counted.tried(attempt, ms);
      logTry(logger, leased, attempt);
    },
    onError,
  });
  registry.onPeerContact((peer) => outbox.peerContact(peer));

  const links = createLinkGate(db);
  const bodyStore = createPostgresBodyStore(db);
  const preflightBuckets = createTokenBuckets({
    ratePerMin: PREFLIGHTS_PER_MIN,
    burst: PREFLIGHTS_PER_MIN,
    clock,
  });
  const peerBuckets = createTokenBuckets({ ratePerMin: config.peerRatePerMin, clock });
  const vault = createVault({
    db,
    clock,
    evidence,
    links,
    self: () => registry.self.entityId,
    peerState: (peer) => registry.peer(peer)?.state,
    bodyStore,
    outbox,
    exchange: () => exchange,
    options: {
      deliveryWindowS: config.deliveryWindowDays * DAY_S,
      deleteGraceMs: config.deleteGraceDays * DAY_S * 1000,
      bodyRetentionMs: config.bodyRetentionDays * DAY_S * 1000,
      lastingActs: [...AGREEMENT_ACTS, ...LEDGER_ACTS, 'slot.reply'],
    },
    onError,
  });
  const keks = createKekRotation({
    db,
    keys,
    epochDays: config.kekEpochDays,
    attest: async (tx, record) => {
      if (registry.self.federating) await evidence.record(tx, record);
    },
    onDamage: (body, reason) =>
      logger.error({ body, reason }, 'the key of a stored body cannot be unwrapped'),
  });
  const kekSweeper = createSweeper({ intervalMs: SWEEP_INTERVAL_MS, round: keks.sweep, onError });
  const linkService = createLinkService({
    db,
    keys,
    registry,
    evidence,
    outbox,
    exchange: () => exchange,
    bodies: bodyStore,
    onErase: (tx, link) => slots.erasure.eraseLink(tx, link),
    onError,
    options: {
      organizationName: config.organizationName,
      restoreDays: config.linkRestoreDays,
      deliveryWindowS: config.deliveryWindowDays * DAY_S,
      allowInsecure: config.allowInsecurePeers,
    },
  });
  const agreementGate = createAgreementGate();
  const agreements = createAgreementService({
    db,
    registry,
    evidence,
    outbox,
    exchange: () => exchange,
    proof: (of) => exchange.fullProof(of),
    nowMs: () => clock.nowMs(),
    onError,
    options: { deliveryWindowS: config.deliveryWindowDays * DAY_S },
  });
  const ledger = createLedgerService({
    db,
    clock,
    registry,
    evidence,
    agreements: agreementGate,
    exchange: () => exchange,
    proof: (of) => exchange.fullProof(of),
    onAlarm(alarm) {
      counted.ledgerAlarm(alarm);
      logger.warn(alarm, LEDGER_ALARMS[alarm.kind]);
    },
    onError,
    options: { deliveryWindowS: config.deliveryWindowDays * DAY_S },
  });
  const slots = createSlotService({
    db,
    clock,
    registry,
    evidence,
    links,
    agreements: agreementGate,
    ledger,
    outbox,
    exchange: () => exchange,
    bodyStore,
    noteAction: vault.journal.noteIn,
    chargePreflight: (link) => preflightBuckets.take(link),
    probe: createGuardedFetch({ allowPrivate: config.allowInsecurePeers }),
    onError,
    options: {
      deliveryWindowS: config.deliveryWindowDays * DAY_S,
      minGroupSize: config.minGroupSize,
    },
  });
  const exchange: ExchangeService = createExchangeService({
    db,
    clock,
    keys,
    verify: verifier.verify,
    registry,
    evidence,
    outbox,
    links,
    agreements: agreementGate,
    store: bodyStore,
    handlers: [
      createPushHandler({
        self: () => registry.self.entityId,
        ...(config.vaultIsStore && { consignOnArrival: vault.consignOnArrival }),
      }),
      ...vault.handlers,
      ...linkService.handlers,
      ...agreements.handlers,
      ...ledger.handlers,
      ...slots.handlers,
      notices.handler,
    ],
    listeners: [
      ...vault.listeners,
      ...linkService.listeners,
      ...agreements.listeners,
      ...ledger.listeners,
      ...slots.listeners,
      notices.outcome,
    ],
    chargePeer: (peer) => {
      const taken = peerBuckets.take(peer);
      return taken.ok ? taken : { ok: false, retryAfterS: Math.ceil(taken.retryAfterMs / 1000) };
    },
    onCommit: counted.committed,
    options: {
      maxContentBytes: config.maxDocumentBytes,
      bodyMemoryBytes: config.bodyMemoryBytes,
      bodyIdleTimeoutMs: config.bodyIdleTimeoutMs,
    },
  });
  const documents = createDocumentService({
    db,
    clock,
    evidence,
    links,
    agreements: agreementGate,
    outbound: exchange.outbound,
    sealer: exchange.sealer,
    bodies: exchange.bodies,
    bodyStore,
    outbox,
    self: () => registry.self.entityId,
    maxContentBytes: config.maxDocumentBytes,
    deliveryWindowS: config.deliveryWindowDays * DAY_S,
    onCommit: (items) => counted.committed('submit', items),
  });

  const reports = createReports({
    db,
    clock,
    registry,
    ledger,
    options: { minGroupSize: config.minGroupSize, organizationName: config.organizationName },
  });

  const rooms = {
    config,
    db,
    registry,
    evidence,
    exchange,
    documents,
    vault,
    keks,
    links: linkService,
    agreements,
    ledger,
    slots,
    reports,
    outbox,
  };
  const { address, management, drain } = await serveNode(
    {
      ...rooms,
      exchange: counted.countExchanges(exchange),
      database,
      keys,
      clock,
      logger,
      metrics,
      peerBuckets,
    },
    stops,
  );
  if (config.federation) {
    outbox.start(exchange.prepare);
    stops.push(() => outbox.stop(config.shutdownGraceMs));
    linkService.sweeper.start();
    stops.push(() => linkService.sweeper.stop());
    vault.start();
    stops.push(() => vault.stop());
    for (const sweeper of [...ledger.sweepers, ...slots.sweepers]) {
      sweeper.start();
      stops.push(() => sweeper.stop());
    }
    // What an earlier process owed is written and told at once.
    for (const sweeper of ledger.sweepers) sweeper.wake();
  }
  kekSweeper.start();
  stops.push(() => kekSweeper.stop());
  const sweeping = setInterval(() => {
    exchange.sweepUploads().then(counted.uploadsSwept, onError);
    documents.drafts.sweep().catch(onError);
  }, SWEEP_INTERVAL_MS).unref();
  stops.push(async () => clearInterval(sweeping));
  stops.push(async () => drain.start());

  return { ...rooms, address, management, created: keys.created, stop };
}
