import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { startupError } from '../startup-error.ts';

/** Words put before a program's own: none, or those that run it as an ordinary, known user. */
export type Launcher = readonly string[];

/**
 * PostgreSQL refuses to run as root, and initdb as a user whom the system has no name for (a container under any
 * uid). Either runs it in a user namespace in which its own files belong to an ordinary user: nobody needs to
 * make an account, and a folder closed to others stays readable. Fails with `db.embedded_namespace` where the
 * system forbids that.
 */
export function findLauncher(): Launcher {
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot && hasName()) return [];
  const program = 'unshare';
  const args = ['--user', `--map-user=${namedUid()}`, '--map-group=1000'];
  const tried = spawnSync(program, [...args, 'true'], { encoding: 'utf8', timeout: 10_000 });
  if (tried.status === 0) return [program, ...args];
  const need = isRoot
    ? 'PostgreSQL does not run as root'
    : "PostgreSQL needs a user of the system's user list";
  throw startupError(
    'db.embedded_namespace',
    `${need}, and a user namespace can't be made here: ${tried.error?.message ?? tried.stderr.trim()}`,
    'Run the node as an ordinary user who owns the data directory, allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone; the seccomp profile of a container), or set DATABASE_URL.',
    tried.error,
  );
}

function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

/** Any user but root will do, as long as the system knows one of that number. */
function namedUid(): number {
  let list = '';
  try {
    list = readFileSync('/etc/passwd', 'utf8');
  } catch {
    // Without a list no number is better than another.
  }
  const uids = list.split('\n').map((line) => Number(line.split(':')[2]));
  const ordinary = uids.filter((uid) => Number.isSafeInteger(uid) && uid > 0);
  return ordinary.includes(1000) ? 1000 : (ordinary[0] ?? 1000);
}
