/** Work that time brings, done by whichever replica looks first. */
export type Sweeper = {
  /** Begins to look. The timer keeps no process alive. */
  start(): void;
  /** Looks now, or once more when a round is under way. */
  wake(): void;
  /** Resolves once nothing of it runs any more. */
  stop(): Promise<void>;
};

/** Rounds one after the other without a pause, so that a backlog never keeps the timers of everything else waiting. */
const MAX_ROUNDS = 1_000;

/**
 * Runs `round` again and again, never twice at once in this process; safe on several replicas as far as `round` is, by
 * `for update skip locked`. The interval is drawn anew each time, by a fifth to either side, so that replicas that
 * started together don't go on together.
 */
export function createSweeper(options: {
  intervalMs: number;
  /** One bounded step; true where more is waiting. */
  round: () => Promise<boolean>;
  onError: (error: unknown) => void;
  random?: () => number;
}): Sweeper {
  const random = options.random ?? Math.random;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = true;

  async function rounds(): Promise<void> {
    for (let count = 0; count < MAX_ROUNDS && !stopped; count++) {
      if (!(await options.round())) return;
    }
  }

  function run(): void {
    if (stopped) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    clearTimeout(timer);
    running = rounds()
      .catch(options.onError)
      .finally(() => {
        running = undefined;
        if (again) {
          again = false;
          run();
        } else schedule();
      });
  }

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(run, options.intervalMs * (0.8 + 0.4 * random())).unref();
  }

  return {
    start() {
      stopped = false;
      schedule();
    },
    wake: run,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
