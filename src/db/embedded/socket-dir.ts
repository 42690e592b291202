import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** No TCP port is opened, so the number only names the socket's file. */
export const SOCKET_PORT = 5432;

const PREFIX = 'ivpg-';

/** Tells our folders from others before one is removed. */
export const SOCKET_DIR_NAME = /^ivpg-[A-Za-z0-9]{6}$/;

/** The longest path of a Unix socket is 103 bytes on macOS, the shortest of our systems. */
const MAX_SOCKET_PATH_BYTES = 103;

/** A new folder for one server's socket, 0700, with a path short enough wherever the data directory is. */
export async function makeSocketDir(): Promise<string> {
  const candidate = path.join(tmpdir(), PREFIX);
  const longest = `${candidate}XXXXXX/.s.PGSQL.${SOCKET_PORT}.lock`;
  return mkdtemp(Buffer.byteLength(longest) > MAX_SOCKET_PATH_BYTES ? `/tmp/${PREFIX}` : candidate);
}
