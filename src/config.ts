import { CONFIG_TABLE, type ConfigField, type Variable } from './config-table.ts';
import type { Secret } from './config-values.ts';

/**
 * The whole configuration of one process, made once from the environment and never changed. Durations and
 * sizes carry their unit in the name. A secret shows itself only to `reveal()`.
 */
export type Config = Readonly<
  { [Field in ConfigField]: ValueOf<(typeof CONFIG_TABLE)[Field]> } & {
    listenHost: string;
    organizationName: string;
    /** Whether peers can reach this node at all: only with a public URL. */
    federation: boolean;
  }
>;

type ValueOf<V> = V extends Variable<infer T> ? T : never;

export type ConfigProblem = { variable: string; message: string; hint: string };

export type ConfigResult =
  | { ok: true; config: Config }
  | { ok: false; problems: [ConfigProblem, ...ConfigProblem[]] };

/** One row of docs/configuration.md. */
export type ConfigRow = {
  variable: string;
  type: string;
  allowed?: string;
  unit?: string;
  default: string;
  description: string;
  secret: boolean;
};

const PREFIX = 'INTERVAULT_';
const FIELDS = Object.entries(CONFIG_TABLE) as [ConfigField, Variable<unknown>][];
const KNOWN = new Set(FIELDS.map(([, row]) => row.variable));
/** Edits that still count as a slip of the finger. */
const MAX_TYPO_DISTANCE = 4;

/** All problems at once, so that an operator repairs the environment in one go. An empty value counts as absent. */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  workingDir: string = process.cwd(),
): ConfigResult {
  const problems = unknownVariables(env);
  const values = {} as Record<ConfigField, unknown>;
  for (const [field, row] of FIELDS) {
    const text = env[row.variable]?.trim() || row.defaultText;
    if (text === undefined) {
      values[field] = undefined;
      continue;
    }
    const parsed = row.parse(text, workingDir);
    if (parsed.ok) values[field] = parsed.value;
    else problems.push({ variable: row.variable, message: parsed.message, hint: parsed.hint });
  }

  const [first, ...others] = problems;
  if (first !== undefined) return { ok: false, problems: [first, ...others] };

  // Each field was parsed by the very row its type comes from.
  const config = withDerived(values as Omit<Config, 'federation'>);
  const [conflict, ...further] = conflicts(config);
  if (conflict !== undefined) return { ok: false, problems: [conflict, ...further] };
  return { ok: true, config: deepFreeze(config) };
}

/** The environment for a program beside this one: all of it but what configures this node and its debugger. */
export function environmentForOthers(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !entry[0].startsWith(PREFIX) &&
        entry[0] !== 'DATABASE_URL' &&
        entry[0] !== 'NODE_OPTIONS',
    ),
  );
}

/** What may be logged and shown: the same fields, the credentials of the database gone. */
export function redactedConfig(config: Config): Readonly<Record<string, unknown>> {
  return {
    ...config,
    databaseUrl: config.databaseUrl === undefined ? undefined : withoutCredentials(config.databaseUrl),
  };
}

export function describeConfig(): ConfigRow[] {
  return FIELDS.map(([, row]) => ({
    variable: row.variable,
    type: row.type,
    ...(row.allowed === undefined ? {} : { allowed: row.allowed }),
    ...(row.unit === undefined ? {} : { unit: row.unit }),
    default: row.defaultNote ?? (row.defaultText === '' ? 'none' : (row.defaultText ?? 'none')),
    description: row.description,
    secret: row.secret ?? false,
  }));
}

function withDerived(values: Omit<Config, 'federation'>): Config {
  const federation = values.publicUrl !== undefined;
  return {
    ...values,
    federation,
    listenHost: values.listenHost ?? (federation ? '0.0.0.0' : '127.0.0.1'),
    organizationName:
      values.organizationName ??
      (values.publicUrl === undefined ? 'unnamed' : new URL(values.publicUrl).hostname),
  };
}

/** Values that are fine alone and wrong together. */
function conflicts(config: Config): ConfigProblem[] {
  const rules: [boolean, ConfigField, string, string][] = [
    [
      config.publicUrl?.startsWith('http:') === true && !config.allowInsecurePeers,
      'publicUrl',
      'is plain http',
      'an https URL, or INTERVAULT_ALLOW_INSECURE_PEERS=true on a development machine',
    ],
    [
      (config.tlsCertFile === undefined) !== (config.tlsKeyFile === undefined),
      config.tlsCertFile === undefined ? 'tlsCertFile' : 'tlsKeyFile',
      'is missing beside the other half of the certificate',
      'both INTERVAULT_TLS_CERT_FILE and INTERVAULT_TLS_KEY_FILE, or none',
    ],
    [
      (config.tokenIssuer === undefined) !== (config.tokenJwksUrl === undefined),
      config.tokenIssuer === undefined ? 'tokenIssuer' : 'tokenJwksUrl',
      'is missing beside the other half of the token issuer',
      'both INTERVAULT_TOKEN_ISSUER and INTERVAULT_TOKEN_JWKS_URL, or none',
    ],
    [
      config.tokenIssuer !== undefined && config.tokenIssuer === config.publicUrl,
      'tokenIssuer',
      'is this node itself',
      'the issuer of an identity provider; tokens of the node need no variable',
    ],
    [
      config.tokenJwksUrl?.toLowerCase().startsWith('http:') === true && !config.allowInsecurePeers,
      'tokenJwksUrl',
      'is plain http',
      'an https URL, or INTERVAULT_ALLOW_INSECURE_PEERS=true on a development machine',
    ],
    [
      config.peerPollS >= config.keyPublishS,
      'peerPollS',
      'is not below INTERVAULT_KEY_PUBLISH_S: a new key would sign before this node fetched it',
      'a shorter time, or a longer publish time',
    ],
    [
      config.retryBaseMs > config.retryCapMs,
      'retryBaseMs',
      'is above INTERVAULT_RETRY_CAP_MS',
      'a shorter first wait, or a longer cap',
    ],
    [
      config.port !== 0 && config.port === config.managementPort,
      'managementPort',
      'is also INTERVAULT_PORT',
      'another port: the management listener asks for no credentials',
    ],
  ];
  return rules
    .filter(([broken]) => broken)
    .map(([, field, message, hint]) => ({ variable: CONFIG_TABLE[field].variable, message, hint }));
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !KNOWN.has(name))
    .sort()
    .map((name) => {
      const near = nearestKnown(name);
      return {
        variable: name,
        message: 'is not a variable of this program',
        hint: near === undefined ? 'see docs/configuration.md for all of them' : `did you mean ${near}?`,
      };
    });
}

function nearestKnown(name: string): string | undefined {
  let best: string | undefined;
  let bestDistance = MAX_TYPO_DISTANCE + 1;
  for (const known of KNOWN) {
    const distance = editDistance(name.slice(0, 100), known);
    if (distance < bestDistance) [best, bestDistance] = [known, distance];
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const swap = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** User, password and parameters are dropped whole: a password may stand in any of them. */
function withoutCredentials(databaseUrl: Secret): string {
  const [, scheme = 'postgresql', rest = ''] = /^(\w+):\/\/(.*)$/s.exec(databaseUrl.reveal()) ?? [];
  const address = rest.slice(rest.lastIndexOf('@') + 1).replace(/[?#].*$/s, '');
  return `${scheme}://${rest.includes('@') ? '***@' : ''}${address}`;
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
