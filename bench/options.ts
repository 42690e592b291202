import { parseArgs } from 'node:util';

export const BENCHES = ['push', 'slots', 'memory', 'growth', 'crash'] as const;
export type BenchName = (typeof BENCHES)[number];

const PARTS = {
  push: ['receive', 'send', 'end_to_end'],
  slots: ['accept', 'growth', 'feed'],
} as const;
export type Part = (typeof PARTS)[keyof typeof PARTS][number];

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
  /** Parts of `push` or `slots` to run. */
  only: readonly Part[];
  /** Where the store lies; the system's temporary folder by default. */
  dir: string | undefined;
  /** Where CPU profiles of the node and of the ceiling go. */
  cpuProf: string | undefined;
  /** `INTERVAULT_…` variables over the node's defaults. */
  nodeEnv: Readonly<Record<string, string>>;
};

export const USAGE = `Usage: npm run bench -- push | slots | memory | growth | crash [options]

  --json            one JSON object on one line on stdout; progress goes to stderr
  --quick           one round of one second: checks that everything works
  --rounds N        timed rounds (5; memory 3; crash 10)
  --seconds S       length of a timed round (5)
  --documents N     documents that growth stores (1000000)
  --only PART,…     parts of push: receive, send, end_to_end; of slots: accept, growth, feed
  --dir FOLDER      where the store lies, on the disk to be measured
  --cpu-prof FOLDER writes CPU profiles of the node and of the ceiling
  --node-env K=V    an INTERVAULT_… variable for the nodes; may come more than once
`;

const ROUNDS = { push: 5, slots: 5, growth: 5, memory: 3, crash: 10 } as const;
const QUICK_ROUNDS = { push: 1, slots: 1, growth: 1, memory: 1, crash: 2 } as const;

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
    only: parseParts(bench, values.only),
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

function parseParts(bench: BenchName, text: string | undefined): readonly Part[] {
  const parts: readonly Part[] = bench === 'push' || bench === 'slots' ? PARTS[bench] : [];
  if (text === undefined) return parts;
  return text.split(',').map((name) => {
    const part = parts.find((known) => known === name);
    if (part === undefined)
      throw new TypeError(`--only takes ${parts.join(', ') || `nothing with ${bench}`}`);
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
