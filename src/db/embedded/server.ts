import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startupError } from '../startup-error.ts';
import type { Binaries } from './binaries.ts';
import { DATABASE_USER } from './cluster.ts';
import { type Launched, launch } from './launch.ts';
import type { Launcher } from './launcher.ts';
import { SOCKET_PORT } from './socket-dir.ts';

export type ServerOptions = {
  binaries: Binaries;
  launcher: Launcher;
  clusterDir: string;
  socketDir: string;
  settings: Readonly<Record<string, string>>;
  log: (line: string) => void;
};

/** Crash recovery replays at most max_wal_size, which even a slow disk reads in minutes. */
const READY_TIMEOUT_MS = 600_000;
const PROGRESS_EVERY_MS = 5_000;
const POLL_MS = 30;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: String(SOCKET_PORT),
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '128MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // A failed statement is the caller's to report: the server would log it with its values, that is people's data.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
};

export function launchServer(options: ServerOptions): Launched {
  const settings = { ...SETTINGS, ...options.settings, unix_socket_directories: options.socketDir };
  const command = [options.binaries.postgres, '-D', options.clusterDir];
  for (const [name, value] of Object.entries(settings)) command.push('-c', `${name}=${value}`);
  return launch(options.launcher, command, {
    cwd: options.clusterDir,
    socketDir: options.socketDir,
    onLine: (line) => options.log(`postgres: ${line}`),
  });
}

/** Resolves once the server takes connections; fails with `db.embedded_start` if it ends or takes too long. */
export async function untilReady(server: Launched, options: ServerOptions): Promise<void> {
  const startedMs = performance.now();
  let toldMs = startedMs;
  for (;;) {
    const how = server.outcome();
    if (how !== undefined) throw startFailure(`PostgreSQL ended (${how})`, server, options);
    if ((await saysReady(options.clusterDir)) && (await canConnect(options.socketDir))) return;
    const nowMs = performance.now();
    if (nowMs - startedMs > READY_TIMEOUT_MS) throw startFailure('PostgreSQL is not ready', server, options);
    if (nowMs - toldMs > PROGRESS_EVERY_MS) {
      toldMs = nowMs;
      options.log(`waiting for PostgreSQL to be ready, ${Math.round((nowMs - startedMs) / 1000)} s so far`);
    }
    await sleep(POLL_MS);
  }
}

function startFailure(what: string, server: Launched, { binaries, clusterDir }: ServerOptions): Error {
  return startupError(
    'db.embedded_start',
    `${what}: ${server.lastLines().slice(-5).join(' | ')}`,
    `The account that runs it must own ${clusterDir} and be able to read ${binaries.postgres}, and the disk must not be full. A cluster of another major version needs the release that made it, or a dump and a restore.`,
  );
}

export function adminClient(socketDir: string): pg.Client {
  const client = new pg.Client({
    host: socketDir,
    port: SOCKET_PORT,
    user: DATABASE_USER,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 5_000,
  });
  // A connection lost between two queries fails the next query, which is soon enough.
  client.on('error', () => {});
  return client;
}

/** The eighth line of postmaster.pid. Asking there first spares the log a refusal for each connection tried too early. */
async function saysReady(clusterDir: string): Promise<boolean> {
  try {
    const lines = (await readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8')).split('\n');
    return lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

async function canConnect(socketDir: string): Promise<boolean> {
  const client = adminClient(socketDir);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
