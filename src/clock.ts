/** Time as an argument: whoever needs it is handed one, tests hand over their own. */
export type Clock = {
  /** Milliseconds since the Unix epoch, UTC. */
  nowMs(): number;
};

export const systemClock: Clock = { nowMs: () => Date.now() };
