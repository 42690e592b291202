const TIMEOUT_MS = 120_000;

/** Waits for what the processes under test bring about by themselves. */
export async function eventually(
  isSo: () => Promise<boolean>,
  everyMs = 25,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`not done within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
