const EVERY_MS = 100;
const WAIT_MS = 60_000;

/** Looks until there is something. @throws Error of what did not come in a minute, in the words of `what` */
export async function poll<Found>(
  look: () => Promise<Found | undefined>,
  what: string,
  waitMs = WAIT_MS,
): Promise<Found> {
  const until = Date.now() + waitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`${what} did not come in ${waitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
