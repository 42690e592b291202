/** How slowly a body may come in, from a peer as from the institution. */
export type PaceLimits = Readonly<{
  /** Longest silence. */
  idleTimeoutMs: number;
}>;

/** After this a body must have come at least this fast on average. */
const GRACE_MS = 30_000;
const MIN_BYTES_PER_S = 16 * 1024;

/** Keeps the time of one body from now on: counts `bytes` more, and tells whether it comes too slowly. */
export function startPace(): (bytes: number) => boolean {
  const startedAt = performance.now();
  let received = 0;
  return (bytes) => {
    received += bytes;
    const elapsedMs = performance.now() - startedAt;
    return elapsedMs > GRACE_MS && (received / elapsedMs) * 1000 < MIN_BYTES_PER_S;
  };
}

/** What comes within the longest silence; `late()` is thrown otherwise. Nothing is left waiting for it then. */
export async function withinSilence<T>(
  coming: Promise<T>,
  limits: PaceLimits,
  late: () => Error,
): Promise<T> {
  let idle: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    idle = setTimeout(() => reject(late()), limits.idleTimeoutMs);
  });
  return Promise.race([coming, silence]).finally(() => clearTimeout(idle));
}

/** Passes on what comes, and throws `late()` once it comes too slowly or not at all. */
export async function* keepPace(
  source: AsyncIterable<Buffer>,
  limits: PaceLimits,
  late: () => Error,
): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  const tooSlow = startPace();
  for (;;) {
    // Not `for await`: leaving that would wait for the chunk that doesn't come.
    const { value, done } = await withinSilence(chunks.next(), limits, late);
    if (done === true) return;
    if (tooSlow(value.length)) throw late();
    yield value;
  }
}
