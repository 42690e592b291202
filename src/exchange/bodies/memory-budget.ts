/** Bounds what all bodies that wait in memory for their commit take together. */
export type MemoryBudget = {
  /** Whether the bytes were free; whoever got them gives them back with {@link release}. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  readonly reservedBytes: number;
};

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  let reserved = 0;
  return {
    reserve(bytes) {
      if (reserved + bytes > limitBytes) return false;
      reserved += bytes;
      return true;
    },
    release(bytes) {
      reserved -= bytes;
    },
    get reservedBytes() {
      return reserved;
    },
  };
}
