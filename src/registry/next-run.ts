/**
 * Runs `work` one after the other. Whoever asks while it runs gets the next run, which all of them share: it begins after
 * each of them asked, and so sees what each has written.
 */
export function createNextRun(work: () => Promise<void>): { ask(): Promise<void>; settled(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return {
    ask() {
      if (waiting !== undefined) return waiting;
      const next = running.then(() => {
        waiting = undefined;
        return work();
      });
      waiting = next;
      running = next.catch(() => {});
      return next;
    },
    settled: () => running,
  };
}
