import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Launcher } from './launcher.ts';

/** A program of PostgreSQL that can't outlive this process. */
export type Launched = {
  readonly child: ChildProcess;
  /** Resolves once, with how it ended; a program that could not be started at all ends so too. */
  readonly ended: Promise<string>;
  /** Undefined until the program has ended. */
  outcome(): string | undefined;
  /** The last lines it wrote, oldest first. */
  lastLines(): string[];
};

const LAST_LINES = 20;
const MAX_LINE_CHARS = 2_000;

/**
 * Run by sh. The inner shell waits on descriptor 3, the far end of which only the node holds: a line on it says
 * that the program has ended, end of file that the node is gone, however it went. It is started by a shell that
 * exits at once, so that it is nobody's child: PostgreSQL takes the end of a child it doesn't know for a crash.
 * The outer shell then becomes the program, so that $$ is the program's pid.
 */
const WATCHED = `
export LC_ALL=C TZ=UTC
unset PGDATA PGOPTIONS PGPORT
socket_dir=$1
shift
( (
  if read -r line <&3; then exit 0; fi
  kill -INT $$
  n=0
  while kill -0 $$ && [ $n -lt 300 ]; do sleep 0.2; n=$((n + 1)); done
  if kill -0 $$; then kill -QUIT $$; fi
  if [ -n "$socket_dir" ]; then rmdir "$socket_dir"; fi
) </dev/null >/dev/null 2>&1 & )
exec 3<&-
exec "$@"
`;

/**
 * Starts `command` in a process group of its own, out of reach of the terminal's Ctrl-C.
 * `socketDir`, when not empty, is removed if the node dies first.
 */
export function launch(
  launcher: Launcher,
  command: readonly string[],
  options: { cwd: string; socketDir: string; onLine: (line: string) => void },
): Launched {
  const child = spawn('sh', ['-c', WATCHED, 'sh', options.socketDir, ...launcher, ...command], {
    cwd: options.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = (parts.pop() ?? '').slice(0, MAX_LINE_CHARS);
      for (const part of parts) {
        const line = part.trimEnd().slice(0, MAX_LINE_CHARS);
        if (line === '') continue;
        lines.push(line);
        if (lines.length > LAST_LINES) lines.shift();
        options.onLine(line);
      }
    });
  }
  const watchdog = child.stdio[3] as Writable;
  watchdog.on('error', () => {});
  let outcome: string | undefined;
  const ended = new Promise<string>((resolve) => {
    const settle = (how: string) => {
      outcome ??= how;
      watchdog.end('ended\n');
      resolve(outcome);
    };
    child.once('error', (error) => settle(error.message));
    // "close" comes after the last line was read, but only once every child has let go of the output; a backend
    // that outlives a killed server must not delay the restart.
    child.once('exit', (code, signal) => setTimeout(settle, 20, signal ?? `exit code ${code}`));
  });
  return { child, ended, outcome: () => outcome, lastLines: () => [...lines] };
}
