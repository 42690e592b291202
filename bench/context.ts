import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, type Commands, startChild } from './child.ts';
import type { LoadCommands } from './load.ts';
import type { Options } from './options.ts';
import { openStore, type Store } from './store.ts';

/** What every bench stands on: one store, one load generator, and what it starts beside them. */
export type Bench = {
  readonly options: Options;
  readonly folder: string;
  readonly store: Store;
  readonly load: Child<LoadCommands>;
  /** The load generator as the nodes' peer. */
  readonly peer: { entityId: string; pin: string; exchangeJwk: object };
  /** Progress, for people: stderr. */
  say(line: string): void;
  /** Starts a process that is stopped with the bench. `profiled` ones obey --cpu-prof, under this name. */
  start<C extends Commands>(file: string, profiled?: string): Promise<Child<C>>;
};

/** Runs `work` on a store of its own and leaves nothing behind: no process, no file. */
export async function withBench<T>(options: Options, work: (bench: Bench) => Promise<T>): Promise<T> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const folder = await mkdtemp(path.join(options.dir ?? tmpdir(), 'ivx-bench-'));
  const children: Child<Commands>[] = [];
  let store: Store | undefined;

  async function start<C extends Commands>(file: string, profiled?: string): Promise<Child<C>> {
    const profile =
      options.cpuProf === undefined || profiled === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${options.cpuProf}`, `--cpu-prof-name=${profiled}.cpuprofile`];
    const child = await startChild<C>(file, { execArgv: profile });
    children.push(child as unknown as Child<Commands>);
    return child;
  }

  try {
    store = await openStore(folder, (line) => say(`  store: ${line}`));
    say(
      `PostgreSQL ${store.version} in ${folder}; an fsync of 8 KiB costs ${store.fsyncMs.toFixed(2)} ms, ` +
        `a commit ${store.commitMs.toFixed(2)} ms`,
    );
    const load = await start<LoadCommands>('load.ts');
    const peer = await load.ask('self');
    return await work({ options, folder, store, load, peer, say, start });
  } finally {
    // One that was killed by its bench, and started again, may be in the list twice: stopping a dead one is harmless.
    await Promise.all(children.map((child) => child.stop()));
    await store?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
