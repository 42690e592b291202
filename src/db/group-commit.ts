import { DatabaseExhausted, DatabaseUnavailable } from './errors.ts';
import { sizeWithin } from './statement-sizes.ts';

export type GroupCommit<Item, Result> = {
  /** Resolves once the item's batch is durable. */
  add(item: Item): Promise<Result>;
  /** Items waiting or being committed. */
  readonly pending: number;
};

export type GroupCommitOptions<Item, Result> = {
  /** Most items in one batch. */
  maxBatch: number;
  /** Told of the size of each batch that became durable. */
  onCommit?: ((items: number) => void) | undefined;
  /** Commits a batch; results in the order of the items. */
  commit: (items: Item[]) => Promise<Result[]>;
};

type Waiting<Item, Result> = {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
};

/**
 * Shares one durable commit among whatever arrived while the last one was committing. There is no timer: an item
 * that comes alone is committed at once. When a batch fails, and not for want of the database, it is bisected, so that
 * one bad item spoils none of the others.
 */
export function createGroupCommit<Item, Result>(
  options: GroupCommitOptions<Item, Result>,
): GroupCommit<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  /** Items of the batch that is running; 0 while none is. */
  let committing = 0;
  let scheduled = false;

  async function run(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await options.commit(batch.map((entry) => entry.item));
      options.onCommit?.(batch.length);
      batch.forEach((entry, index) => {
        entry.resolve(results[index] as Result);
      });
    } catch (error) {
      if (batch.length > 1 && !isForWantOfDatabase(error)) {
        const middle = batch.length >> 1;
        await run(batch.slice(0, middle));
        await run(batch.slice(middle));
      } else {
        for (const entry of batch) entry.reject(error);
      }
    }
  }

  function pump(): void {
    scheduled = false;
    if (committing > 0 || waiting.length === 0) return;
    // A batch of a size that statements are prepared for; what is left of an odd one goes with the next.
    const size = sizeWithin(waiting.length, options.maxBatch);
    const batch = waiting.slice(0, size);
    waiting = waiting.slice(size);
    committing = size;
    void run(batch).finally(() => {
      committing = 0;
      pump();
    });
  }

  return {
    add(item) {
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // One turn of the event loop lets the requests that came in the same read join.
        if (!scheduled && committing === 0) {
          scheduled = true;
          setImmediate(pump);
        }
      });
    },
    get pending() {
      return waiting.length + committing;
    },
  };
}

/** No part of a batch would fare better. */
function isForWantOfDatabase(error: unknown): boolean {
  return error instanceof DatabaseUnavailable || error instanceof DatabaseExhausted;
}
