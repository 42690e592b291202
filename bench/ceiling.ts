// Run as a process of its own: the least that any receiver of signed pushes has to do, and nothing else. The body is
// read as a stream and hashed, one Ed25519 signature is verified, and the whole is inserted durably, many pushes to a
// commit. It shares no code with the node, so that a change there never moves the mark it is held against.
import { createPublicKey, hash, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { fastify } from 'fastify';
import pg from 'pg';
import { serveCommands } from './serve.ts';

type Row = { jti: string; envelope: string; sha256: Buffer; body: Buffer };
type Waiting = { row: Row; resolve: () => void; reject: (error: unknown) => void };

const IN_FLIGHT = 2;
const COLUMNS = 4;

const app = fastify();
let pool: pg.Pool | undefined;
let key: KeyObject | undefined;
let waiting: Waiting[] = [];
let inFlight = 0;

function read(body: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    body.on('error', reject);
  });
}

function isSigned(envelope: string): boolean {
  const end = envelope.lastIndexOf('.');
  const signature = Buffer.from(envelope.slice(end + 1), 'base64url');
  return key !== undefined && verify(null, Buffer.from(envelope.slice(0, end), 'latin1'), key, signature);
}

function keep(row: Row): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.push({ row, resolve, reject });
    if (inFlight < IN_FLIGHT) setImmediate(commitWaiting);
  });
}

function commitWaiting(): void {
  if (inFlight >= IN_FLIGHT || waiting.length === 0) return;
  const batch = waiting;
  waiting = [];
  inFlight++;
  commit(batch.map(({ row }) => row))
    .then(
      () => {
        for (const { resolve } of batch) resolve();
      },
      (error) => {
        for (const { reject } of batch) reject(error);
      },
    )
    .finally(() => {
      inFlight--;
      commitWaiting();
    });
}

async function commit(rows: Row[]): Promise<void> {
  const client = await (pool as pg.Pool).connect();
  try {
    const pieces = inPowersOfTwo(rows);
    // A statement alone is a transaction of its own.
    if (pieces.length > 1) await client.query('begin');
    for (const piece of pieces) {
      await client.query({
        name: `insert-${piece.length}`,
        text: `insert into pushes (jti, envelope, sha256, body) values ${tuples(piece.length)}`,
        values: piece.flatMap((row) => [row.jti, row.envelope, row.sha256, row.body]),
      });
    }
    if (pieces.length > 1) await client.query('commit');
  } finally {
    client.release();
  }
}

/** So that a handful of prepared statements serve every size. */
function inPowersOfTwo(rows: Row[]): Row[][] {
  const pieces: Row[][] = [];
  for (let from = 0; from < rows.length; ) {
    const count = 2 ** Math.floor(Math.log2(rows.length - from));
    pieces.push(rows.slice(from, from + count));
    from += count;
  }
  return pieces;
}

const tuplesOf = new Map<number, string>();

function tuples(count: number): string {
  let text = tuplesOf.get(count);
  if (text === undefined) {
    text = Array.from({ length: count }, (_, row) => {
      const at = row * COLUMNS;
      return `($${at + 1},$${at + 2},$${at + 3},$${at + 4})`;
    }).join(',');
    tuplesOf.set(count, text);
  }
  return text;
}

app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, _payload, done) => done(null));
app.put<{ Params: { jti: string } }>('/federation/v1/exchanges/:jti', async (request, reply) => {
  const body = await read(request.raw);
  const envelope = request.headers['ivx-envelope'] as string;
  if (!isSigned(envelope)) return reply.code(401).send();
  await keep({ jti: request.params.jti, envelope, sha256: hash('sha256', body, 'buffer'), body });
  return reply.code(201).send();
});

const commands = {
  /** Returns its base URL. */
  async start({ databaseUrl, jwk }: { databaseUrl: string; jwk: object }): Promise<string> {
    key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    pool = new pg.Pool({ connectionString: databaseUrl, max: IN_FLIGHT });
    await pool.query(
      'create table pushes (jti uuid primary key, envelope text not null, sha256 bytea not null, body bytea not null)',
    );
    await pool.query('alter table pushes alter column body set storage external');
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
};
export type CeilingCommands = typeof commands;

serveCommands(commands, async () => {
  await app.close();
  await pool?.end();
});
