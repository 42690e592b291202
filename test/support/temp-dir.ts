import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';

/**
 * A folder of its own outside the project, removed after every teardown that was registered later. `t.testdir()`
 * is removed before all teardowns instead: too early for what a server still writes to.
 */
export async function tempDir(t: Test): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'intervault-test-dir-'));
  t.teardown(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}
