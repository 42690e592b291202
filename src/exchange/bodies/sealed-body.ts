/** A body as it lies at rest; see protocol/sealing for the format. */
export type SealedBody = {
  /** The upload id, UUIDv7: random to the sender, so nobody can aim at somebody else's upload. */
  id: string;
  kekId: string;
  wrappedKey: Buffer;
  /** Segment 0. */
  manifest: Buffer;
  manifestSize: number;
  /** Plaintext bytes; null where the exchange carries no content. */
  contentSize: number | null;
  /** Segment 1, where it is the only one. */
  content: Buffer | null;
  /** Segments 1.. of a content of several segments that waits in memory for its commit. */
  segments: Buffer[];
  /** Whether the segments are stored already, under an open upload. */
  uploaded: boolean;
};

/** What is kept of a body beside its segments. */
export type BodyHeader = {
  id: string;
  kekId: string;
  wrappedKey: Buffer;
  manifest: Buffer;
  manifestSize: number;
  contentSize: number | null;
  content: Buffer | null;
};
