import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startupError } from '../startup-error.ts';
import { isAlive, postgresProcessesIn } from './process-identity.ts';
import { SOCKET_DIR_NAME } from './socket-dir.ts';

type Postmaster = { pid: number; socketDir: string | undefined };

/** What postmaster.pid says: the pid on its first line, the folder of the socket on its fifth. */
async function readPostmaster(clusterDir: string): Promise<Postmaster | undefined> {
  try {
    const lines = (await readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8')).split('\n');
    const pid = Number(lines[0]);
    return Number.isSafeInteger(pid) && pid > 1 ? { pid, socketDir: lines[4] } : undefined;
  } catch {
    return undefined;
  }
}

/** What is asked of processes that are still there, and how long each asking is given. */
const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 60_000 },
  { signal: 'SIGQUIT', waitMs: 10_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;
const ORPHANS_END_MS = 2_000;
const POLL_MS = 50;

/**
 * Stops what an earlier owner left running in the cluster, and removes a postmaster.pid whose number now belongs
 * to a program that isn't PostgreSQL, over which the server would refuse to start. The folder of the earlier
 * owner's socket goes too. Only the owner of the data-directory lock may call this, while it runs no server.
 */
export async function clearLeftovers(
  clusterDir: string,
  ownSocketDir: string,
  log: (line: string) => void,
): Promise<void> {
  const found = await readPostmaster(clusterDir);
  const postmaster = found?.pid;
  await stopProcesses(clusterDir, postmaster, log);
  if (postmaster !== undefined && isAlive(postmaster)) {
    await rm(path.join(clusterDir, 'postmaster.pid'), { force: true });
  }
  const socketDir = found?.socketDir;
  if (
    socketDir !== undefined &&
    socketDir !== ownSocketDir &&
    SOCKET_DIR_NAME.test(path.basename(socketDir))
  ) {
    await rm(socketDir, { recursive: true, force: true });
  }
}

async function stopProcesses(
  clusterDir: string,
  postmaster: number | undefined,
  log: (line: string) => void,
) {
  const remaining = () => postgresProcessesIn(clusterDir, postmaster);
  const gone = async (waitMs: number) => {
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += POLL_MS) {
      if (remaining().length === 0) return true;
      await sleep(POLL_MS);
    }
    return remaining().length === 0;
  };
  // Without their server, backends leave by themselves, at once unless they are in the middle of something long.
  const orphaned = postmaster === undefined || !remaining().includes(postmaster);
  if (orphaned && (await gone(ORPHANS_END_MS))) return;
  for (const { signal, waitMs } of orphaned ? STOP_STEPS.slice(1) : STOP_STEPS) {
    const pids = remaining();
    // A server told to stop tells its backends.
    const told =
      postmaster !== undefined && pids.includes(postmaster) && signal !== 'SIGKILL' ? [postmaster] : pids;
    if (told.length > 0) log(`stopping a left-over PostgreSQL (${signal} to ${told.join(', ')})`);
    for (const pid of told) {
      try {
        process.kill(pid, signal);
      } catch {
        // Gone in the meantime; what remains is looked at below.
      }
    }
    if (await gone(waitMs)) break;
  }
  if (remaining().length > 0) {
    throw startupError(
      'db.embedded_start',
      `a left-over PostgreSQL (processes ${remaining().join(', ')}) still runs in ${clusterDir}`,
      'Stop these processes by hand; they may belong to another account.',
    );
  }
}
