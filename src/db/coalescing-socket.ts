import { Socket } from 'node:net';

/**
 * A socket that keeps what was corked and uncorked within one turn of the event loop, and hands it to the system at
 * once. The driver corks each prepared statement by itself, so that a transaction's first five would be five system
 * calls. (Over TLS the driver corks the TLS stream above this one, and nothing is kept.)
 */
export class CoalescingSocket extends Socket {
  #held = 0;

  override uncork(): void {
    this.#held++;
    if (this.#held > 1) return;
    process.nextTick(() => this.#release());
  }

  override end(...args: unknown[]): this {
    this.#release();
    return (super.end as (...all: unknown[]) => this)(...args);
  }

  #release(): void {
    for (; this.#held > 0; this.#held--) super.uncork();
  }
}
