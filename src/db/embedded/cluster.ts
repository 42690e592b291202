import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { startupError } from '../startup-error.ts';
import type { Binaries } from './binaries.ts';
import { launch } from './launch.ts';
import type { Launcher } from './launcher.ts';

export const DATABASE_USER = 'intervault';

const CLUSTER_FOLDER = 'postgres';

/**
 * The cluster's folder in `dataDir`, made if absent. It is made aside and renamed when complete and on disk, so
 * an interrupted initdb is never taken for a cluster. Only the owner of the data-directory lock may call this.
 */
export async function ensureCluster(
  dataDir: string,
  binaries: Binaries,
  launcher: Launcher,
  log: (line: string) => void,
): Promise<string> {
  const clusterDir = path.join(dataDir, CLUSTER_FOLDER);
  if (existsSync(clusterDir)) return realpath(clusterDir);
  // An interrupted initdb may still be writing for a moment: it gets a folder that nobody else will use.
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(`${CLUSTER_FOLDER}.init`)) continue;
    await rm(path.join(dataDir, name), { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
  }
  const unfinished = await mkdtemp(`${clusterDir}.init-`);
  log(`creating a PostgreSQL cluster in ${clusterDir}`);
  // Sorting by code point, from PostgreSQL itself: no system library's upgrade can put an index out of order.
  const command = [
    binaries.initdb,
    ...['-D', unfinished, '-U', DATABASE_USER, '--encoding=UTF8'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    // The socket stands in a folder that only this account may enter.
    ...['--auth-local=trust', '--auth-host=reject', '--no-instructions'],
  ];
  const initdb = launch(launcher, command, { cwd: dataDir, socketDir: '', onLine: () => {} });
  const how = await initdb.ended;
  if (how !== 'exit code 0') {
    throw startupError(
      'db.embedded_start',
      `initdb failed (${how}): ${initdb.lastLines().slice(-5).join(' | ')}`,
      `PostgreSQL runs without root's rights: its user must own ${dataDir} and be able to read ${binaries.initdb}; the disk must have some 100 MB free.`,
    );
  }
  await rename(unfinished, clusterDir);
  const parent = await open(dataDir);
  await parent.sync().finally(() => parent.close());
  return realpath(clusterDir);
}
