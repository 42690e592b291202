import type { Bench } from './context.ts';
import { interleaved } from './rounds.ts';
import { type Figure, figureOf, rounded } from './statistics.ts';

/** Latencies are taken at this share of the maximum rate: at saturation they only tell how long the queue is. */
export const PACED_SHARE = 0.6;

export type Latency = { p50Ms: number; p99Ms: number };
export type Latencies = { p50Ms: Figure; p99Ms: Figure };

/** Rounds at a fixed rate, the variants in turn. */
export async function pacedRounds<Name extends string>(
  { options, say }: Bench,
  names: readonly Name[],
  pace: (name: Name) => Promise<Latency>,
  before: (round: number) => Promise<void>,
): Promise<Record<Name, Latencies>> {
  const taken = new Map<Name, Latency[]>(names.map((name) => [name, []]));
  await interleaved(
    options.rounds,
    names.map((name) => async () => {
      const latency = await pace(name);
      taken.get(name)?.push(latency);
      const { p50Ms, p99Ms } = latency;
      say(`  ${name.padEnd(16)} p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
    }),
    before,
  );
  const figures = [...taken].map(([name, rounds]) => [
    name,
    {
      p50Ms: rounded(figureOf(rounds.map(({ p50Ms }) => p50Ms))),
      p99Ms: rounded(figureOf(rounds.map(({ p99Ms }) => p99Ms))),
    },
  ]);
  return Object.fromEntries(figures) as Record<Name, Latencies>;
}
