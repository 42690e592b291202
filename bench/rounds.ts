import type { Round } from './receiver.ts';
import { type Figure, figureOf, rounded } from './statistics.ts';

/** All rounds of one variant, in order. */
export type Rounds = Round[];

export type Detail = { perS: Figure; nodeUs: Figure; postgresUs: Figure };

export function detailOf(rounds: Rounds): Detail {
  const of = (pick: (round: Round) => number) => rounded(figureOf(rounds.map(pick)));
  return {
    perS: of(({ perS }) => perS),
    nodeUs: of(({ nodeUs }) => nodeUs),
    postgresUs: of(({ postgresUs }) => postgresUs),
  };
}

/** Of rounds that ran next to each other: what the machine did meanwhile is in both. */
export function ratioOf(one: Rounds, other: Rounds): Figure {
  return figureOf(one.map(({ perS }, round) => perS / (other[round]?.perS ?? Number.NaN)));
}

/** In an order that moves by one each round, so that no variant always follows the same other one. */
export async function interleaved(
  rounds: number,
  variants: readonly (() => Promise<void>)[],
  before: (round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await before(round);
    for (let at = 0; at < variants.length; at++) await variants[(at + round) % variants.length]?.();
  }
}

export function describeRound(name: string, { perS, nodeUs, postgresUs }: Round): string {
  return (
    `  ${name.padEnd(16)} ${perS.toFixed(0).padStart(6)}/s   CPU for each: ` +
    `node ${nodeUs.toFixed(0)} us, PostgreSQL ${postgresUs.toFixed(0)} us`
  );
}
