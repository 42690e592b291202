import type { RegistryLog } from './deps.ts';

export type Heartbeat = {
  start(): void;
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>;
};

/** Does something again and again, never twice at once, and goes on after a failure. Keeps no process alive. */
export function createHeartbeat(
  name: string,
  intervalMs: number,
  log: RegistryLog,
  beat: () => Promise<void>,
): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> = Promise.resolve();
  let stopped = false;
  let failing = false;

  function schedule(): void {
    if (!stopped) timer = setTimeout(run, intervalMs).unref();
  }

  function run(): void {
    underWay = beat()
      .then(() => {
        if (failing) log.info({ heartbeat: name }, 'the registry works again');
        failing = false;
      })
      .catch((error: unknown) => {
        // Once for each spell: a database that is away for an hour fills no disk with the news.
        if (!failing) log.error({ err: error, heartbeat: name }, 'the registry could not do its rounds');
        failing = true;
      })
      .finally(schedule);
  }

  return {
    start: schedule,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}
