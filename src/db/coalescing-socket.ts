import { Socket } from 'node:net';

/**
 * A socket that keeps what was corked and uncorked within one turn of the event loop, and hands it to the system at
 * once. The driver corks each prepared statement by itself, so that a transaction's first five would be five system
 * calls.
 */
export class CoalescingSocket extends Socket {
  #held = 0;

  override uncork(): void {
    this.#held++;
    if (this.#held > 1) return;
    process.nextTick(() => {
      for (; this.#held > 0; this.#held--) super.uncork();
    });
  }
}
