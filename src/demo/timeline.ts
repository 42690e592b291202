/** What happened, as it happens: a line each, with the seconds since the start. Goes to people, never to scripts. */
export type Timeline = {
  say(who: string, what: string): void;
  /** A line that replaces itself on a terminal; on anything else it appears once in a while. */
  progress(text: string): void;
  seconds(): number;
};

const PLAIN_INTERVAL_MS = 2_000;
const NAME_WIDTH = 11;

export function createTimeline(out: { write(text: string): unknown; isTTY?: boolean }): Timeline {
  const startedAt = performance.now();
  let pending = false;
  let lastPlainAt = 0;
  const seconds = () => (performance.now() - startedAt) / 1000;
  const stamp = () => `${seconds().toFixed(1).padStart(6)} s`;

  return {
    seconds,
    say(who, what) {
      if (pending) out.write('\n');
      pending = false;
      out.write(`${stamp()}  ${who.padEnd(NAME_WIDTH)}  ${what}\n`);
    },
    progress(text) {
      if (out.isTTY === true) {
        out.write(`\r${stamp()}  ${text}\u001b[K`);
        pending = true;
        return;
      }
      const now = performance.now();
      if (now - lastPlainAt < PLAIN_INTERVAL_MS) return;
      lastPlainAt = now;
      out.write(`${stamp()}  ${text}\n`);
    },
  };
}
