export type { BreakerState } from './breaker.ts';
export { createOutbox, type Outbox, type OutboxOptions, type PeerTraffic } from './outbox.ts';
export type { Attempt, Prepared } from './peer-queue.ts';
export { type QueueLength, readQueueLengths } from './queue-store.ts';
export { pauseBeforeRepeatMs } from './repeat-policy.ts';
export type { Leased } from './store.ts';
export type { UnreachableCode } from './unreachable.ts';
