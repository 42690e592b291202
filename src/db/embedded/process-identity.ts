import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** Linux tells a process's state, start and folder under /proc; elsewhere `ps` does. */
const hasProc = process.platform === 'linux';

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

/** The fields of /proc/PID/stat after the command name, which may itself hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    const args = ['-o', `${column}=`, '-p', String(pid)];
    const text = execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}

/** A zombie counts as dead: it holds nothing any more, and in a container nobody may ever reap it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  const state = hasProc ? statFields(pid)?.[0] : ps(pid, 'state')?.[0];
  return state === undefined || (state !== 'Z' && state !== 'X');
}

/**
 * A short text that, with the pid, names one process for ever: two processes that were given the same pid
 * differ in it, across reboots too. Undefined when the process is gone or hidden from us.
 */
export function startToken(pid: number): string | undefined {
  if (!hasProc) return ps(pid, 'lstart')?.replace(/[^0-9A-Za-z]+/g, '_');
  const startTicks = statFields(pid)?.[19];
  if (startTicks === undefined) return undefined;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim().slice(0, 8);
    return `${startTicks}_${boot}`;
  } catch {
    return startTicks;
  }
}

function isPostgresIn(pid: number, clusterDir: string): boolean {
  if (!hasProc) {
    const command = ps(pid, 'command');
    return command?.includes('postgres') === true && command.includes(clusterDir);
  }
  try {
    // The server and all its children stand in the data folder. The program is compared too, since an operator's
    // shell may stand there as well.
    const program = path.basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''));
    return program === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === clusterDir;
  } catch {
    return false;
  }
}

/**
 * The living PostgreSQL processes of one cluster; `postmasterPid` is what postmaster.pid says, all that can be
 * looked at without /proc. `clusterDir` must be a real path, without symbolic links.
 */
export function postgresProcessesIn(clusterDir: string, postmasterPid: number | undefined): number[] {
  const candidates = hasProc
    ? readdirSync('/proc')
        .filter((name) => /^[1-9]\d*$/.test(name))
        .map(Number)
    : postmasterPid === undefined
      ? []
      : [postmasterPid];
  return candidates.filter((pid) => isPostgresIn(pid, clusterDir) && isAlive(pid));
}
