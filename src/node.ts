import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { type Clock, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import {
  createDatabase,
  createPool,
  createPools,
  createSweeper,
  type Database,
  migrate,
  newestMigration,
  openDatabase,
} from './db/index.ts';
import {
  createDocumentService,
  createPushHandler,
  createVault,
  type DocumentService,
  documentRoutes,
  type Vault,
  vaultRoutes,
} from './documents/index.ts';
import { createEvidence, type Evidence } from './evidence/index.ts';
import {
  createExchangeService,
  createKekRotation,
  createPeerNotices,
  createPostgresBodyStore,
  type ExchangeService,
  exchangeRoutes,
  type KekRotation,
  kekRoutes,
} from './exchange/index.ts';
import {
  buildHttpApp,
  closeWithin,
  createDrain,
  createLogger,
  createManagement,
  createMetrics,
  createReadiness,
  createRoomMetrics,
  createTokenBuckets,
  installFederationLimits,
  listen,
  loadContract,
  logTry,
  nodeAuthOptions,
  nodeProblemOf,
  nodeProblems,
  nodeRoutes,
  observeNode,
  readTls,
  registerInstitutionApi,
} from './http/index.ts';
import { createFileKeyStore, createVerifier } from './keys/index.ts';
import { createLinkGate, createLinkService, type LinkService, linkRoutes } from './links/index.ts';
import { createOutbox, type Outbox } from './outbox/index.ts';
import { parseStrictJson } from './protocol/jose/strict-json.ts';
import {
  createRegistry,
  keyRoutes,
  peerRoutes,
  type Registry,
  registryFederationRoutes,
} from './registry/index.ts';

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

const MIGRATIONS = path.join(import.meta.dirname, '..', 'migrations');
const CONTRACT = path.join(import.meta.dirname, '..', 'openapi.yaml');
const FEDERATION_PREFIX = '/federation/v1';
const DAY_S = 86_400;
const SWEEP_INTERVAL_MS = 60_000;

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
  const logPostgres = (line: string) => logger.debug({ postgres: line }, 'embedded PostgreSQL');
  const { connection, stop: stopDatabase } = await openDatabase(config, logPostgres);
  stops.push(stopDatabase);
  const pools = createPools({
    connection,
    size: config.databasePoolSize,
    onIdleError: (error) => logger.warn({ err: error }, 'an idle database connection broke'),
  });
  const db = createDatabase(pools);
  stops.push(() => db.close());
  await migrate(pools.statements, MIGRATIONS);

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
    onError,
    options: {
      organizationName: config.organizationName,
      restoreDays: config.linkRestoreDays,
      deliveryWindowS: config.deliveryWindowDays * DAY_S,
      allowInsecure: config.allowInsecurePeers,
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
    store: bodyStore,
    handlers: [
      createPushHandler({
        self: () => registry.self.entityId,
        ...(config.vaultIsStore && { consignOnArrival: vault.consignOnArrival }),
      }),
      ...vault.handlers,
      ...linkService.handlers,
      notices.handler,
    ],
    listeners: [...vault.listeners, ...linkService.listeners, notices.outcome],
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

  const addressBuckets = createTokenBuckets({ ratePerMin: config.addressRatePerMin, clock });
  const drain = createDrain();
  const readiness = createReadiness((check, error) =>
    logger.warn({ err: error, check }, 'readiness check failed'),
  );
  const management = createManagement({
    readiness,
    registry: metrics.registry,
    drain,
    problems: nodeProblems,
    logger,
  });
  // Pushed before the others, so that it is the last listener to close: it tells that this node drains.
  stops.push(() => management.close());
  const app = buildHttpApp({
    logger,
    problems: nodeProblems,
    parseJson: (bytes) => parseStrictJson(bytes),
    trustProxy: config.trustProxy,
    tls: await readTls(config),
    metrics: metrics.http,
    drain,
    mapError: nodeProblemOf,
  });
  stops.push(() => closeWithin(app, config.shutdownGraceMs));
  await registerInstitutionApi(app, {
    contract: loadContract(CONTRACT),
    auth: nodeAuthOptions(config, { keys, clock, logger }),
    addressBuckets,
    tokenRatePerMin: config.tokenRatePerMin,
    journal: vault.journal.note,
    routes: (access) => [
      nodeRoutes(config, access),
      documentRoutes(documents, { idleTimeoutMs: config.bodyIdleTimeoutMs }, access),
      vaultRoutes(vault, access),
      linkRoutes(linkService, access),
      peerRoutes(registry.peerAdmin, outbox.traffic, access),
      keyRoutes(registry.ownKeys, access),
      kekRoutes(keks, access),
    ],
  });
  if (config.federation) {
    await app.register(async (federation) => {
      const buckets = { addresses: addressBuckets, peers: peerBuckets };
      const onVerified = installFederationLimits(federation, buckets);
      await federation.register(registryFederationRoutes(registry));
      await federation.register(exchangeRoutes(counted.countExchanges(exchange), { onVerified }), {
        prefix: FEDERATION_PREFIX,
      });
    });
  }

  observeNode({
    readiness,
    metrics: metrics.registry,
    config,
    clock,
    db,
    pools: Object.values(pools),
    newestMigration: await newestMigration(MIGRATIONS),
    keys,
    registry,
    outbox,
    exchange,
  });
  const managementAddress = await management.listen(config.managementHost, config.managementPort);
  const address = await listen(app, config);
  if (config.federation) {
    outbox.start(exchange.prepare);
    stops.push(() => outbox.stop(config.shutdownGraceMs));
    linkService.sweeper.start();
    stops.push(() => linkService.sweeper.stop());
    vault.start();
    stops.push(() => vault.stop());
  }
  kekSweeper.start();
  stops.push(() => kekSweeper.stop());
  const sweeping = setInterval(() => {
    exchange.sweepUploads().then(counted.uploadsSwept, onError);
    documents.drafts.sweep().catch(onError);
  }, SWEEP_INTERVAL_MS).unref();
  stops.push(async () => clearInterval(sweeping));
  stops.push(async () => drain.start());

  return {
    config,
    db,
    registry,
    evidence,
    exchange,
    documents,
    vault,
    keks,
    links: linkService,
    outbox,
    address,
    management: managementAddress,
    created: keys.created,
    stop,
  };
}

/** Brings the database to this version, and nothing else. */
export async function migrateDatabase(
  config: Config,
  logger: Logger = createLogger(config.logLevel),
): Promise<{ applied: string[]; version: number }> {
  const logPostgres = (line: string) => logger.debug({ postgres: line }, 'embedded PostgreSQL');
  const { connection, stop } = await openDatabase(config, logPostgres);
  try {
    const pool = createPool({ connection, size: 2 });
    try {
      return await migrate(pool, MIGRATIONS);
    } finally {
      await pool.end();
    }
  } finally {
    await stop();
  }
}
