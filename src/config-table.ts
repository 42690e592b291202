import {
  accessToken,
  boolean,
  emails,
  host,
  integer,
  type Kind,
  line,
  networks,
  oneOf,
  origin,
  origins,
  path,
  postgresUrl,
  url,
} from './config-values.ts';

/** One environment variable: everything that is known of it, once. */
export type Variable<T> = Kind<T> &
  Readonly<{
    variable: string;
    description: string;
    /** Parsed like any text from the environment, so that no default can be out of range. */
    defaultText?: string;
    /** What the docs say where the default follows from something else. */
    defaultNote?: string;
  }>;

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const MINUTE_MS = 60_000;
const DAY_S = 86_400;

const ms = (min: number, max: number) => integer({ min, max, unit: 'milliseconds' });
const seconds = (min: number, max: number) => integer({ min, max, unit: 'seconds' });
const days = (min: number, max: number) => integer({ min, max, unit: 'days' });
const bytes = (min: number, max: number) => integer({ min, max, unit: 'bytes' });
const perMinute = integer({ min: 1, max: 10_000_000, unit: 'requests per minute' });
const count = (min: number, max: number) => integer({ min, max });

function given<T>(variable: string, kind: Kind<T>, defaultText: string, description: string): Variable<T> {
  return { ...kind, variable, description, defaultText };
}

function optional<T>(
  variable: string,
  kind: Kind<T>,
  defaultNote: string,
  description: string,
): Variable<T | undefined> {
  return { ...kind, variable, description, defaultNote };
}

/** Keyed by the field of `Config`. The order is that of the docs. */
export const CONFIG_TABLE = {
  dataDir: given(
    'INTERVAULT_DATA_DIR',
    path,
    './data',
    'Folder of the keys and of the embedded database. Created, readable by its owner only, on the first start.',
  ),
  publicUrl: optional(
    'INTERVAULT_PUBLIC_URL',
    origin,
    'none: federation off, institution API on 127.0.0.1',
    'The public https address of this node, which is also its identity for its peers. It never changes.',
  ),
  allowInsecurePeers: given(
    'INTERVAULT_ALLOW_INSECURE_PEERS',
    boolean,
    'false',
    'Allows plain http and loopback or private addresses for this node and its peers. For demonstrations only.',
  ),
  organizationName: optional(
    'INTERVAULT_ORGANIZATION_NAME',
    line(200),
    'the host of the public URL',
    'Name of the institution, as its peers and their customers see it.',
  ),
  contactEmails: given(
    'INTERVAULT_CONTACT_EMAILS',
    emails,
    '',
    'Addresses that the operators of peers may write to, published with the identity of the node.',
  ),
  databaseUrl: optional(
    'DATABASE_URL',
    postgresUrl,
    'none: an embedded PostgreSQL in the data directory',
    'PostgreSQL 15 or later.',
  ),
  databasePoolSize: given(
    'INTERVAULT_DATABASE_POOL_SIZE',
    count(4, 500),
    '20',
    'Database connections this process holds at most. A fifth of them read large documents.',
  ),
  listenHost: optional(
    'INTERVAULT_LISTEN_HOST',
    host,
    '0.0.0.0 with a public URL, 127.0.0.1 without',
    'Address the institution API and the federation API listen on.',
  ),
  port: given(
    'INTERVAULT_PORT',
    count(0, 65_535),
    '8080',
    'Port of the institution API and the federation API. 0 takes any free one.',
  ),
  managementHost: given(
    'INTERVAULT_MANAGEMENT_HOST',
    host,
    '127.0.0.1',
    'Address of the listener for liveness, readiness and metrics. It asks for no credentials: keep it internal.',
  ),
  managementPort: given(
    'INTERVAULT_MANAGEMENT_PORT',
    count(0, 65_535),
    '9090',
    'Port of that listener. 0 takes any free one.',
  ),
  tlsCertFile: optional(
    'INTERVAULT_TLS_CERT_FILE',
    path,
    'none: plain HTTP, behind a proxy that ends TLS',
    'Certificate chain, PEM. Only together with the key.',
  ),
  tlsKeyFile: optional(
    'INTERVAULT_TLS_KEY_FILE',
    path,
    'none',
    'Private key of the certificate, PEM. Only together with the certificate.',
  ),
  trustProxy: given(
    'INTERVAULT_TRUST_PROXY',
    networks,
    'off',
    'Proxies whose X-Forwarded-For says who called. Anybody else is taken by the address of the connection.',
  ),
  logLevel: given(
    'INTERVAULT_LOG_LEVEL',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'Least serious log line written.',
  ),
  shutdownGraceMs: given(
    'INTERVAULT_SHUTDOWN_GRACE_MS',
    ms(0, 10 * MINUTE_MS),
    '20000',
    'Time that requests under way have to finish once the node is told to stop.',
  ),
  maxDocumentBytes: given(
    'INTERVAULT_MAX_DOCUMENT_BYTES',
    bytes(KIB, 4 * GIB),
    `${GIB}`,
    'Largest document taken, from the institution and from peers.',
  ),
  bodyIdleTimeoutMs: given(
    'INTERVAULT_BODY_IDLE_TIMEOUT_MS',
    ms(100, 10 * MINUTE_MS),
    '30000',
    'A body of which nothing arrives for this long is given up; after 30 seconds so is one below 16 KiB/s on average.',
  ),
  bodyMemoryBytes: given(
    'INTERVAULT_BODY_MEMORY_BYTES',
    bytes(MIB, 16 * GIB),
    `${64 * MIB}`,
    'Memory that all bodies being received take together. Past it new ones are told to come back later.',
  ),
  outboxPerPeerConcurrency: given(
    'INTERVAULT_OUTBOX_PER_PEER_CONCURRENCY',
    count(1, 256),
    '64',
    'Deliveries under way at once to one peer.',
  ),
  deliveryWindowDays: given(
    'INTERVAULT_DELIVERY_WINDOW_DAYS',
    days(1, 14),
    '7',
    'How long the delivery of an exchange is tried before it is closed.',
  ),
  retryBaseMs: given(
    'INTERVAULT_RETRY_BASE_MS',
    ms(1, 10 * MINUTE_MS),
    '1000',
    'Longest wait before the second try. Each further try doubles it, with full jitter.',
  ),
  retryCapMs: given(
    'INTERVAULT_RETRY_CAP_MS',
    ms(1, 1440 * MINUTE_MS),
    `${15 * MINUTE_MS}`,
    'Longest wait between two tries.',
  ),
  bodyRetentionDays: given(
    'INTERVAULT_BODY_RETENTION_DAYS',
    days(0, 365),
    '14',
    'How long a sender keeps what it delivered, so that a peer restored from a backup can ask for it again.',
  ),
  deleteGraceDays: given(
    'INTERVAULT_DELETE_GRACE_DAYS',
    days(0, 365),
    '30',
    'How long a document that the customer deleted can be restored.',
  ),
  linkRestoreDays: given(
    'INTERVAULT_LINK_RESTORE_DAYS',
    days(0, 90),
    '7',
    'How long a link that the customer ended can be restored.',
  ),
  vaultIsStore: given(
    'INTERVAULT_VAULT_IS_STORE',
    boolean,
    'false',
    'This node is the vault: what it receives counts as consigned at once, without the vault confirming it.',
  ),
  kekEpochDays: given(
    'INTERVAULT_KEK_EPOCH_DAYS',
    days(1, 365),
    '30',
    'How long one key-encryption key serves. A replaced one is destroyed one such time later.',
  ),
  keyPublishS: given(
    'INTERVAULT_KEY_PUBLISH_S',
    seconds(1, 30 * DAY_S),
    '3600',
    'How long a new exchange key is published before it signs, so that every peer has fetched it.',
  ),
  peerPollS: given(
    'INTERVAULT_PEER_POLL_S',
    seconds(1, DAY_S),
    '900',
    'Time between two fetches of a peer’s keys. Below the publish time of keys.',
  ),
  addressRatePerMin: given(
    'INTERVAULT_ADDRESS_RATE_PER_MIN',
    perMinute,
    '6000',
    'Requests taken from one network address that show no valid token or signature.',
  ),
  peerRatePerMin: given(
    'INTERVAULT_PEER_RATE_PER_MIN',
    perMinute,
    '600000',
    'Exchanges taken from one peer, counted once its signature holds.',
  ),
  tokenRatePerMin: given(
    'INTERVAULT_TOKEN_RATE_PER_MIN',
    perMinute,
    '60000',
    'Requests to the institution API with one token.',
  ),
  minGroupSize: given(
    'INTERVAULT_MIN_GROUP_SIZE',
    count(10, 10_000),
    '20',
    'Customers who are counted together at least, before a peer is told what so many of them did.',
  ),
  vaultOrigins: given(
    'INTERVAULT_VAULT_ORIGINS',
    origins,
    '',
    'Where the vault’s own pages come from: those that a customer’s session may be opened for. Without any, none can be.',
  ),
  tokenIssuer: optional(
    'INTERVAULT_TOKEN_ISSUER',
    url,
    'none: only tokens of the node',
    'Issuer (iss) of the access tokens of an identity provider. Only together with its keys.',
  ),
  tokenJwksUrl: optional(
    'INTERVAULT_TOKEN_JWKS_URL',
    url,
    'none',
    'Where that identity provider publishes its keys (a JWK Set). Only together with the issuer.',
  ),
  tokenAudience: given(
    'INTERVAULT_TOKEN_AUDIENCE',
    line(500),
    'intervault-api',
    'Audience (aud) that its tokens must name.',
  ),
  apiUrl: optional(
    'INTERVAULT_API_URL',
    origin,
    'the node that runs on the data directory',
    'For the commands only: the node they call. A node itself does not look at it.',
  ),
  apiToken: optional(
    'INTERVAULT_API_TOKEN',
    accessToken,
    'one signed with the token key in the data directory',
    'For the commands only: the access token they show.',
  ),
} as const satisfies Record<string, Variable<unknown>>;

export type ConfigField = keyof typeof CONFIG_TABLE;
