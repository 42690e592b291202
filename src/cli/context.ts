import type { Config, ConfigProblem } from '../config.ts';

/** What the process hands to the commands: nothing here is imported from above. */
export type CliContext = {
  version: string;
  /** The migrations of this release. */
  migrationsDir: string;
  /** Answers only: what a script reads. */
  out(text: string): void;
  /** Progress, hints and errors: what a person reads. */
  err(text: string): void;
  loadConfig(): { ok: true; config: Config } | { ok: false; problems: readonly ConfigProblem[] };
  startNode(config: Config): Promise<RunningNode>;
  migrateDatabase(config: Config): Promise<{ applied: string[]; version: number }>;
  /** Signs an access token with the key in the data directory. Throws a RangeError for what no node would accept. */
  issueToken(config: Config, request: TokenRequest): Promise<{ token: string; expiresAtS: number }>;
  roles(): Promise<readonly string[]>;
  /** A role that may call all of these operations of the institution API. Throws where there is none. */
  roleFor(operationIds: readonly string[]): Promise<string>;
  runDemo(options: DemoOptions): Promise<number>;
  /** Resolves at the first request to stop; a second one ends the process at once. */
  untilStopped(): Promise<string>;
};

export type TokenRequest = { role: string; subject: string; ttlS: number };

export type RunningNode = {
  address: { host: string; port: number };
  management: { host: string; port: number };
  created: readonly string[];
  stop(): Promise<void>;
};

export type DemoOptions = {
  files: string[];
  json: boolean;
  keep: boolean;
  count: number | undefined;
};

/** Exit codes, the same for every command; the help of the program lists them. */
export const EXIT = {
  ok: 0,
  /** The command ran, and what it was to do was refused or found wrong. */
  failed: 1,
  usage: 2,
  configuration: 3,
  /** No node answered at the address. */
  unreachable: 4,
  /** The credentials were not accepted. */
  denied: 5,
} as const;

/** Ends a command with a message for people, what to do, and an exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;
  readonly code: string;
  readonly hint: string | undefined;
  /** Whether stdout has its answer already, so that --json adds no second object. */
  readonly answered: boolean;
  constructor(
    code: string,
    message: string,
    options: { hint?: string; exitCode?: number; answered?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.answered = options.answered ?? false;
  }
}

/** The configuration, or the end of the command with every problem of it. */
export function requireConfig(context: CliContext): Config {
  const loaded = context.loadConfig();
  if (loaded.ok) return loaded.config;
  const lines = loaded.problems.map(({ variable, message, hint }) => `  ${variable} ${message}: ${hint}`);
  throw new CliError('config.invalid', `the configuration is not valid\n${lines.join('\n')}`, {
    hint: 'see docs/configuration.md',
    exitCode: EXIT.configuration,
  });
}
