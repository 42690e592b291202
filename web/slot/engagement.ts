import { SlotError } from './api.ts';
import type { EngagementEvent, EngagementKind, EngagementResult } from './shapes.ts';

const BATCH = 100;
const MOST_WAITING = 500;
const GATHERED_MS = 500;
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;

export type EngagementQueue = {
  /** Told soon, with what else happens meanwhile. */
  add(message: string, kind: EngagementKind): void;
  /** Tells what waits at once: the page may be about to go. */
  flush(): void;
  close(): void;
};

/**
 * Tells the node what the customer did, in order, in batches, again where it fails for a passing reason. Nothing ever
 * waits for it. Telling twice is harmless: the node keeps the first time of each kind.
 */
export function createEngagementQueue(options: {
  send(events: EngagementEvent[]): Promise<EngagementResult>;
  /** The node's clock, ms. */
  nowMs(): number;
  /** The node no longer holds a message that the page shows. */
  onLate(): void;
}): EngagementQueue {
  let waiting: EngagementEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let sending = false;
  let closed = false;

  function schedule(delayMs: number): void {
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(() => void sendNext(), delayMs);
  }

  async function sendNext(): Promise<void> {
    clearTimeout(timer);
    if (waiting.length === 0) return;
    sending = true;
    const batch = waiting.slice(0, BATCH);
    waiting = waiting.slice(BATCH);
    let delayMs = 0;
    try {
      const { ignored } = await options.send(batch);
      retryMs = FIRST_RETRY_MS;
      if (ignored.some(({ code }) => code === 'event.late' || code === 'event.unknown')) options.onLate();
    } catch (error) {
      if (error instanceof SlotError && error.passing) {
        waiting = [...batch, ...waiting].slice(-MOST_WAITING);
        delayMs = retryMs;
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    } finally {
      sending = false;
    }
    if (waiting.length > 0) schedule(delayMs);
  }

  return {
    add(message, kind) {
      const at = new Date(options.nowMs()).toISOString();
      waiting = [...waiting, { message, kind, at }].slice(-MOST_WAITING);
      if (!sending) schedule(GATHERED_MS);
    },
    flush() {
      void sendNext();
    },
    close() {
      void sendNext();
      closed = true;
    },
  };
}
