import type { Tx } from '../../db/index.ts';
import type { BodyHeader, SealedBody } from './sealed-body.ts';

/**
 * Where sealed bytes lie. Every implementation passes the same contract test. It sees ciphertext only, and the
 * transaction that accepts an exchange decides whether an upload counts.
 */
export type BodyStore = {
  /** Starts an upload of several segments. It stays invisible until {@link keep}, and is swept when it goes quiet. */
  open(upload: { id: string; contentSize: number }): Promise<void>;
  /** Adds segments in order; also the upload's heartbeat. Throws where the upload was swept meanwhile. */
  append(id: string, firstIndex: number, segments: Buffer[]): Promise<void>;
  /** Gives up an open upload. Never touches one that was kept. */
  abandon(id: string): Promise<void>;
  /** Makes bodies part of the accepting transaction; aborts it where an upload was swept meanwhile. */
  keep(tx: Tx, bodies: SealedBody[]): Promise<void>;
  headers(ids: string[]): Promise<Map<string, BodyHeader>>;
  /** Segments `first` to `last`, both included, in order, a bounded few at a time. */
  segments(id: string, first: number, last: number): AsyncIterable<Buffer>;
  /** Forgets the key and the bytes. The row stays, erased. */
  erase(tx: Tx, ids: string[]): Promise<void>;
  /** Removes open uploads without a heartbeat for `olderThanMs`; returns how many. */
  sweep(olderThanMs: number): Promise<number>;
};
