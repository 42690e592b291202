import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';

/** What a process of the bench answers, by name. Arguments and answers travel as structured clones. */
export type Commands = Record<string, (argument: never) => unknown>;

export type Child<C extends Commands> = {
  readonly pid: number;
  ask<Name extends keyof C & string>(
    name: Name,
    ...argument: Parameters<C[Name]>
  ): Promise<Awaited<ReturnType<C[Name]>>>;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** Lets it clean up, and ends it if it takes too long. */
  stop(): Promise<void>;
};

type Reply = { id: number; ok: boolean; value: unknown };

const STOP_TIMEOUT_MS = 30_000;
const running = new Set<ChildProcess>();

/** Ends whatever a failed bench left running. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Starts `bench/<file>` as a process of its own. Options that a test runner put into NODE_OPTIONS would load
 * its hooks into what is measured, so they stay behind.
 */
export async function startChild<C extends Commands>(
  file: string,
  options: { execArgv?: readonly string[] } = {},
): Promise<Child<C>> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = fork(path.join(import.meta.dirname, file), {
    env,
    execArgv: [...(options.execArgv ?? [])],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.add(child);
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let stopping = false;

  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      const how = new Error(`${file} ended (${signal ?? code})${stopping ? '' : ' by itself'}`);
      for (const { reject } of waiting.values()) reject(how);
      waiting.clear();
      resolve();
    });
  });
  child.on('message', ({ id, ok, value }: Reply) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (ok) waiter?.resolve(value as never);
    else waiter?.reject(new Error(`${file}: ${String(value)}`));
  });

  function ask(name: string, argument?: unknown): Promise<never> {
    const id = asked++;
    return new Promise((resolve, reject) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        reject(new Error(`${file} is gone`));
        return;
      }
      waiting.set(id, { resolve, reject });
      if (id > 0) child.send({ id, name, argument });
    });
  }

  // The first answer comes unasked: it says that the process listens.
  await ask('ready');
  return {
    pid: child.pid as number,
    ask,
    async kill() {
      stopping = true;
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      stopping = true;
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}
