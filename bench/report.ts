import { availableParallelism } from 'node:os';
import { GOALS } from './goals.ts';
import type { Options } from './options.ts';
import { type Figure, rounded } from './statistics.ts';
import type { Store } from './store.ts';

export type Result = { figures: Record<string, Figure>; details: Record<string, object> };

export type Report = {
  bench: string;
  quick: boolean;
  rounds: number;
  seconds: number;
  documents?: number;
  node: string;
  postgres: string;
  cores: number;
  fsyncMs: number;
  commitMs: number;
  figures: Record<string, Figure>;
  details: Record<string, object>;
};

export function reportOf(options: Options, store: Store, result: Result): Report {
  const { bench, quick, rounds, seconds, documents } = options;
  const figures = Object.fromEntries(
    Object.entries(result.figures).map(([name, figure]) => [name, rounded(figure)]),
  );
  return {
    bench,
    quick,
    rounds,
    seconds,
    ...(bench === 'growth' && { documents }),
    node: process.version,
    postgres: store.version,
    cores: availableParallelism(),
    fsyncMs: Number(store.fsyncMs.toPrecision(3)),
    commitMs: Number(store.commitMs.toPrecision(3)),
    figures,
    details: result.details,
  };
}

/** For people: each figure beside what it has to reach and what it is meant to. */
export function tableOf(report: Report): string {
  const lines = [['figure', 'median', 'min', 'max', 'floor', 'goal', '', 'what it is']];
  for (const [name, { median, min, max }] of Object.entries(report.figures)) {
    const goal = GOALS[name];
    if (goal === undefined) throw new Error(`${name} is no figure of the design`);
    const reached = (mark: number) => (goal.better === 'more' ? median >= mark : median <= mark);
    const verdict = reached(goal.goal) ? 'goal' : reached(goal.floor) ? 'floor' : 'BELOW FLOOR';
    const cells = [median, min, max, goal.floor, goal.goal].map(String);
    lines.push([name, ...cells, verdict, `${goal.means} (${goal.unit})`]);
  }
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const note = report.quick ? 'A quick run: it shows that everything works, and nothing of speed.\n' : '';
  const rows = lines.map((line) => line.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join('  '));
  return `${note}${rows.map((row) => row.trimEnd()).join('\n')}\n`;
}
