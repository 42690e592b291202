import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startupError } from '../startup-error.ts';
import { isAlive, startToken } from './process-identity.ts';

export type DataDirLock = { release(): Promise<void> };

const LOCK_FOLDER = 'postgres.lock';
const ATTEMPTS = 5;
const RETRY_MS = 40;

type Entry = { file: string; pid: number; token: string };

function parseEntry(file: string): Entry | undefined {
  const match = /^(\d{1,10})-([0-9A-Za-z_]*)-[0-9a-f]{8}$/.exec(file);
  return match === null ? undefined : { file, pid: Number(match[1]), token: match[2] ?? '' };
}

function ownerLives(entry: Entry): boolean {
  if (!isAlive(entry.pid)) return false;
  const token = startToken(entry.pid);
  return token === undefined || entry.token === '' || token === entry.token;
}

/**
 * Makes this process the only owner of `dataDir`, or fails with `db.data_dir_locked`.
 *
 * Each contender first puts down a file that bears its own name (pid and start of the process, so a reused pid
 * is told apart) and then looks around: of two that come at once at least one sees the other. A dead owner's
 * file is removed by whoever meets it, which is safe because its name never belongs to anybody again. Seen
 * from one pid namespace only: two containers must not share a data directory.
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  const folder = path.join(dataDir, LOCK_FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = `${process.pid}-${startToken(process.pid) ?? ''}-${randomBytes(4).toString('hex')}`;
  const ownPath = path.join(folder, own);

  for (let attempt = 1; ; attempt++) {
    await writeFile(ownPath, '', { flag: 'wx', mode: 0o600 });
    let rival: Entry | undefined;
    for (const file of await readdir(folder)) {
      const entry = parseEntry(file);
      if (entry === undefined || file === own) continue;
      if (ownerLives(entry)) rival = entry;
      else await rm(path.join(folder, file), { force: true });
    }
    if (rival === undefined) return { release: () => rm(ownPath, { force: true }) };
    await rm(ownPath, { force: true });
    if (attempt === ATTEMPTS) {
      throw startupError(
        'db.data_dir_locked',
        `the data directory ${dataDir} is in use by process ${rival.pid}`,
        'Stop that process, or give this node another INTERVAULT_DATA_DIR. Several replicas need a PostgreSQL server: set DATABASE_URL.',
      );
    }
    // Two that started at the same instant both step back; unequal pauses let one of them through.
    await sleep(RETRY_MS * attempt * (0.5 + Math.random()));
  }
}
