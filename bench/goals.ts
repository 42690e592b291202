/** What each figure has to reach (the floor) and is meant to (the goal). */
export type Goal = { floor: number; goal: number; better: 'more' | 'less'; unit: string; means: string };

export const GOALS: Readonly<Record<string, Goal>> = {
  receive_1k: {
    floor: 0.6,
    goal: 0.85,
    better: 'more',
    unit: 'ratio',
    means: 'receive 1 KB / ceiling',
  },
  receive_20k: { floor: 0.7, goal: 0.95, better: 'more', unit: 'ratio', means: 'receive 20 KB / ceiling' },
  receive_vs_naive_log: {
    floor: 4,
    goal: 8,
    better: 'more',
    unit: 'ratio',
    means: 'receive 1 KB / naive with a log head locked in each transaction',
  },
  receive_slow_fsync: {
    floor: 0.75,
    goal: 0.9,
    better: 'more',
    unit: 'ratio',
    means: 'receive 1 KB with 2 ms more for each fsync / without',
  },
  send: {
    floor: 0.45,
    goal: 0.7,
    better: 'more',
    unit: 'ratio',
    means: 'deliveries to a peer that answers at once / HTTP and a signature',
  },
  end_to_end: {
    floor: 0.2,
    goal: 0.35,
    better: 'more',
    unit: 'ratio',
    means: 'A to B, from submission to the evidence on both sides / receive ceiling',
  },
  p99_ms_at_60: {
    floor: 25,
    goal: 10,
    better: 'less',
    unit: 'ms',
    means: 'p99 of receive 1 KB at 60 % of its maximum rate, open loop',
  },
  rss_1gib_mib: {
    floor: 64,
    goal: 32,
    better: 'less',
    unit: 'MiB',
    means: 'RSS above idle while a document of 1 GiB passes, the worse of both nodes',
  },
  growth_1e6: {
    floor: 0.9,
    goal: 1,
    better: 'more',
    unit: 'ratio',
    means: 'receive 1 KB with 10^6 documents stored / with 10^3',
  },
  rss_drift_mib: {
    floor: 16,
    goal: 4,
    better: 'less',
    unit: 'MiB',
    means: 'RSS at the 10^6th push less RSS at the 10^5th',
  },
  lost: { floor: 0, goal: 0, better: 'less', unit: 'pushes', means: 'acknowledged and then lost, any crash' },
};
