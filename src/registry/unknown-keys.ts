/**
 * A signature names a key this node doesn't know. The peer may just have begun to sign with it, or a stranger made it
 * up. One fetch answers for every name asked until then, so fetches are spaced out per peer and none is owed to a single
 * name: strangers who spend a peer's turn have it fetched all the same, and take nothing from the peer.
 */
export type UnknownKeys = {
  /** Whether the key is known after looking again. False at once where a look was just taken; one may follow soon. */
  ask(entityId: string, kid: string): Promise<boolean>;
  stop(): void;
};

export type UnknownKeyLimits = {
  /** Between two fetches caused this way, for one peer. */
  spacingMs: number;
  /** How long a name that wasn't found is not looked for again. */
  negativeMs: number;
  /** Names remembered as not found, all peers together. */
  maxNegative: number;
  /** Callers that may wait for one fetch. */
  maxWaiting: number;
};

const LIMITS: UnknownKeyLimits = {
  spacingMs: 5_000,
  negativeMs: 300_000,
  maxNegative: 10_000,
  maxWaiting: 64,
};

type PeerTurn = {
  nextAtMs: number;
  fetch: Promise<void> | undefined;
  waiting: number;
  timer: NodeJS.Timeout | undefined;
};

export function createUnknownKeys(deps: {
  refresh: (entityId: string) => Promise<boolean>;
  isKnown: (entityId: string, kid: string) => boolean;
  nowMs: () => number;
  limits?: Partial<UnknownKeyLimits>;
}): UnknownKeys {
  const limits = { ...LIMITS, ...deps.limits };
  const turns = new Map<string, PeerTurn>();
  const negative = new Map<string, number>();

  function turnOf(entityId: string): PeerTurn {
    let turn = turns.get(entityId);
    if (turn === undefined) {
      turn = { nextAtMs: 0, fetch: undefined, waiting: 0, timer: undefined };
      turns.set(entityId, turn);
    }
    return turn;
  }

  function isNegative(name: string): boolean {
    const untilMs = negative.get(name);
    if (untilMs === undefined) return false;
    if (untilMs > deps.nowMs()) return true;
    negative.delete(name);
    return false;
  }

  function remember(name: string): void {
    if (negative.size >= limits.maxNegative) {
      for (const oldest of negative.keys()) {
        negative.delete(oldest);
        break;
      }
    }
    negative.set(name, deps.nowMs() + limits.negativeMs);
  }

  function fetchNow(entityId: string, turn: PeerTurn): Promise<void> {
    turn.nextAtMs = deps.nowMs() + limits.spacingMs;
    turn.fetch = deps
      .refresh(entityId)
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        turn.fetch = undefined;
      });
    return turn.fetch;
  }

  return {
    async ask(entityId, kid) {
      if (deps.isKnown(entityId, kid)) return true;
      const name = `${entityId}\n${kid}`;
      if (isNegative(name)) return false;
      const turn = turnOf(entityId);
      const waitMs = turn.nextAtMs - deps.nowMs();
      if (turn.fetch === undefined && waitMs > 0) {
        turn.timer ??= setTimeout(() => {
          turn.timer = undefined;
          if (turn.fetch === undefined) void fetchNow(entityId, turn);
        }, waitMs).unref();
        return false;
      }
      if (turn.waiting >= limits.maxWaiting) return false;
      // A fetch that began before this name was asked for may have missed it by an instant; then it isn't remembered.
      const joined = turn.fetch !== undefined;
      turn.waiting++;
      try {
        await (turn.fetch ?? fetchNow(entityId, turn));
      } finally {
        turn.waiting--;
      }
      if (deps.isKnown(entityId, kid)) return true;
      if (!joined) remember(name);
      return false;
    },
    stop() {
      for (const { timer } of turns.values()) clearTimeout(timer);
      turns.clear();
    },
  };
}
