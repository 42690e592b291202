import path from 'node:path';
import type { Logger } from 'pino';
import { type AgreementService, agreementRoutes } from './agreements/index.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { type DocumentService, documentRoutes, type Vault, vaultRoutes } from './documents/index.ts';
import { type ExchangeService, exchangeRoutes, type KekRotation, kekRoutes } from './exchange/index.ts';
import {
  buildHttpApp,
  closeWithin,
  createDrain,
  createManagement,
  type createMetrics,
  createReadiness,
  createSessionOpener,
  createTokenBuckets,
  installFederationLimits,
  JSON_BODY_MAX_BYTES,
  listen,
  loadContract,
  nodeAuthOptions,
  nodeProblemOf,
  nodeProblems,
  nodeRoutes,
  observeNode,
  readTls,
  registerInstitutionApi,
  webModuleRoutes,
} from './http/index.ts';
import type { KeyStore } from './keys/index.ts';
import { type LedgerService, ledgerRoutes } from './ledger/index.ts';
import { type LinkService, linkRoutes } from './links/index.ts';
import type { NodeDatabase } from './node-database.ts';
import type { Outbox } from './outbox/index.ts';
import { parseStrictJson } from './protocol/jose/strict-json.ts';
import { keyRoutes, peerRoutes, type Registry, registryFederationRoutes } from './registry/index.ts';
import { type Reports, reportRoutes } from './reports/index.ts';
import {
  customerRoutes,
  replyRoutes,
  type SlotService,
  slotEvidenceRoutes,
  slotFederationRoutes,
  slotRoutes,
} from './slots/index.ts';

const CONTRACT = path.join(import.meta.dirname, '..', 'openapi.yaml');
const FEDERATION_PREFIX = '/federation/v1';

type App = ReturnType<typeof buildHttpApp>;
type TokenBuckets = ReturnType<typeof createTokenBuckets>;

/** What its listeners serve of a node, and look at. */
export type ServedNode = Readonly<{
  config: Config;
  clock: Clock;
  logger: Logger;
  metrics: ReturnType<typeof createMetrics>;
  database: NodeDatabase;
  keys: KeyStore;
  registry: Registry;
  exchange: ExchangeService;
  documents: DocumentService;
  vault: Vault;
  keks: KekRotation;
  links: LinkService;
  agreements: AgreementService;
  ledger: LedgerService;
  slots: SlotService;
  reports: Reports;
  outbox: Outbox;
  /** Charged by peer, also where an exchange is received. */
  peerBuckets: TokenBuckets;
}>;

type Address = { host: string; port: number };

export type NodeListeners = Readonly<{
  address: Address;
  management: Address;
  /** To be started first of all when the node stops. */
  drain: ReturnType<typeof createDrain>;
}>;

/** Serves a node over HTTP: both listeners listen once this resolves. What closes them is pushed to `stops`. */
export async function serveNode(node: ServedNode, stops: (() => Promise<unknown>)[]): Promise<NodeListeners> {
  const { config, clock, logger, metrics, database } = node;
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
    parseJson: (bytes) => parseStrictJson(bytes, { maxBytes: JSON_BODY_MAX_BYTES }),
    trustProxy: config.trustProxy,
    tls: await readTls(config),
    metrics: metrics.http,
    drain,
    mapError: nodeProblemOf,
  });
  stops.push(() => closeWithin(app, config.shutdownGraceMs));
  const addressBuckets = createTokenBuckets({ ratePerMin: config.addressRatePerMin, clock });
  await addInstitutionApi(app, node, addressBuckets);
  await app.register(webModuleRoutes());
  if (config.federation) await addFederationApi(app, node, addressBuckets);
  observeNode({
    ...node,
    ...database,
    pools: Object.values(database.pools),
    readiness,
    metrics: metrics.registry,
  });
  const managementAddress = await management.listen(config.managementHost, config.managementPort);
  const address = await listen(app, config);
  return { address, management: managementAddress, drain };
}

async function addInstitutionApi(app: App, node: ServedNode, addressBuckets: TokenBuckets): Promise<void> {
  const {
    config,
    clock,
    logger,
    keys,
    registry,
    documents,
    vault,
    links,
    agreements,
    ledger,
    slots,
    reports,
    keks,
    outbox,
  } = node;
  await registerInstitutionApi(app, {
    contract: loadContract(CONTRACT),
    auth: nodeAuthOptions(config, { keys, clock, logger }),
    addressBuckets,
    tokenRatePerMin: config.tokenRatePerMin,
    sessions: { origins: config.vaultOrigins, open: createSessionOpener(config, { keys, clock }) },
    journal: vault.journal.note,
    routes: (access) => [
      nodeRoutes(config, access),
      documentRoutes(documents, { idleTimeoutMs: config.bodyIdleTimeoutMs }, access),
      vaultRoutes(vault, access),
      linkRoutes(links, access),
      agreementRoutes(agreements, access),
      ledgerRoutes(ledger, access),
      slotRoutes(slots, clock, access),
      customerRoutes(slots, access),
      replyRoutes(slots.answering, access),
      slotEvidenceRoutes(slots.evidence, access),
      reportRoutes(reports, access),
      peerRoutes(registry.peerAdmin, outbox.traffic, access),
      keyRoutes(registry.ownKeys, access),
      kekRoutes(keks, access),
    ],
  });
}

async function addFederationApi(
  app: App,
  { registry, exchange, slots, peerBuckets }: ServedNode,
  addressBuckets: TokenBuckets,
): Promise<void> {
  await app.register(async (federation) => {
    const buckets = { addresses: addressBuckets, peers: peerBuckets };
    const onVerified = installFederationLimits(federation, buckets);
    await federation.register(registryFederationRoutes(registry));
    const prefix = { prefix: FEDERATION_PREFIX };
    await federation.register(exchangeRoutes(exchange, { onVerified }), prefix);
    await federation.register(slotFederationRoutes(slots.preflight, exchange, { onVerified }), prefix);
  });
}
