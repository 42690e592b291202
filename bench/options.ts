import { parseArgs } from 'node:util';

export const BENCHES = ['push', 'memory', 'growth', 'crash'] as const;
export type BenchName = (typeof BENCHES)[number];

export const PUSH_PARTS = ['receive', 'send', 'end_to_end'] as const;
export type PushPart = (typeof PUSH_PARTS)[number];

export type Options = {
  bench: BenchName;
  json: boolean;
  /** One short round: says whether everything works, nothing about speed. */
  quick: boolean;
  rounds: number;
  /** Of one timed round. */
  seconds: number;
  /** How many documents `growth` stores. */
  documents: number;
  /** Parts of `push` to run. */
  only: readonly PushPart[];
  /** Where the store lies; the system's temporary folder by default. */
  dir: string | undefined;
  /** Where CPU profiles of the node and of the ceiling go. */
  cpuProf: string | undefined;
  /** `INTERVAULT_…` variables over the node's defaults. */
  nodeEnv: Readonly<Record<string, string>>;
};

export const USAGE = `Usage: npm run bench -- push | memory | growth | crash [options]

  --json            one JSON object on one line on stdout; progress goes to stderr
  --quick           one round of one second: checks that everything works
  --rounds N        timed rounds (5; memory 3; crash 10)
  --seconds S       length of a timed round (5)
  --documents N     documents that growth stores (1000000)
  --only PART,…     parts of push: receive, send, end_to_end
  --dir FOLDER      where the store lies, on the disk to be measured
  --cpu-prof FOLDER writes CPU profiles of the node and of the ceiling
  --node-env K=V    an INTERVAULT_… variable for the nodes; may come more than once
`;

const ROUNDS = { push: 5, growth: 5, memory: 3, crash: 10 } as const;
const QUICK_ROUNDS = { push: 1, growth: 1, memory: 1, crash: 2 } as const;

/** Throws a TypeError that says what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      documents: { type: 'string' },
      only: { type: 'string' },
      dir: { type: 'string' },
      'cpu-prof': { type: 'string' },
      'node-env': { type: 'string', multiple: true },
    },
  });
  const bench = BENCHES.find((name) => name === positionals[0]);
  if (bench === undefined || positionals.length > 1) throw new TypeError(`name one of ${BENCHES.join(', ')}`);
  const { quick, json } = values;
  return {
    bench,
    json,
    quick,
    rounds: count('rounds', values.rounds, (quick ? QUICK_ROUNDS : ROUNDS)[bench], 1),
    seconds: count('seconds', values.seconds, quick ? 1 : 5, 1),
    documents: count('documents', values.documents, quick ? 2_000 : 1_000_000, 1_000),
    only: parseParts(values.only),
    dir: values.dir,
    cpuProf: values['cpu-prof'],
    nodeEnv: parseEnv(values['node-env'] ?? []),
  };
}

function count(name: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new TypeError(`--${name} is a whole number from ${least}`);
  return value;
}

function parseParts(text: string | undefined): readonly PushPart[] {
  if (text === undefined) return PUSH_PARTS;
  return text.split(',').map((name) => {
    const part = PUSH_PARTS.find((known) => known === name);
    if (part === undefined) throw new TypeError(`--only takes ${PUSH_PARTS.join(', ')}`);
    return part;
  });
}

function parseEnv(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new TypeError('--node-env takes NAME=VALUE');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
