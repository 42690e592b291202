/**
 * Waits for work that shares one transaction, all of it, before the first failure goes on. Were it to go on at once, the
 * rollback could overtake a statement that is still to come, and that one would stand outside of any transaction.
 */
export async function together<T extends readonly unknown[]>(
  work: readonly [...{ [Index in keyof T]: T[Index] | Promise<T[Index]> }],
): Promise<T> {
  const results = await Promise.allSettled(work);
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
  }
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
