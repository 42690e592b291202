// Run as a process of its own: a receiver as one would write it in an afternoon. jose verifies, each push is an insert
// and a commit of its own, jose signs the receipt. The variant with a log appends each push to a hash chain whose head is
// locked in the same transaction.
import { hash } from 'node:crypto';
import { fastify } from 'fastify';
import {
  type CryptoKey,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import pg from 'pg';
import { v7 as uuidV7 } from 'uuid';
import { serveCommands } from './serve.ts';

type Row = { jti: string; envelope: string; sha256: string; body: Buffer; receipt: string };

const POOL_SIZE = 20;
const BODY_LIMIT_BYTES = 1024 * 1024;
const INSERT = 'insert into pushes (jti, envelope, sha256, body, receipt) values ($1, $2, $3, $4, $5)';

const app = fastify({ bodyLimit: BODY_LIMIT_BYTES });
const own = await generateKeyPair('EdDSA', { extractable: true });
const ownKid = (await exportJWK(own.publicKey)).x ?? '';
let pool: pg.Pool | undefined;
let peerKey: CryptoKey | Uint8Array | undefined;
let withLog = false;

app.addContentTypeParser('application/ivx-exchange', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
);
app.put<{ Params: { jti: string }; Body: Buffer }>(
  '/federation/v1/exchanges/:jti',
  async (request, reply) => {
    const envelope = request.headers['ivx-envelope'] as string;
    const { payload } = await compactVerify(envelope, peerKey as CryptoKey);
    const claims = JSON.parse(Buffer.from(payload).toString('utf8'));
    const sha256 = hash('sha256', request.body, 'base64url');
    const receipt = await new SignJWT({
      event: 'RelayAcceptance',
      env: { jti: claims.jti, iss: claims.iss, sha256 },
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: ownKid, typ: 'ivx-receipt+jwt' })
      .setIssuer(claims.aud)
      .setAudience(claims.iss)
      .setJti(uuidV7())
      .setIssuedAt()
      .sign(own.privateKey);
    const row = { jti: request.params.jti, envelope, sha256, body: request.body, receipt };
    await (withLog ? insertWithLog(row) : insert(pool as pg.Pool, row));
    return reply.code(201).type('application/ivx-receipt+jwt').send(receipt);
  },
);

async function insert(client: Pick<pg.ClientBase | pg.Pool, 'query'>, row: Row): Promise<void> {
  await (client as pg.Pool).query(INSERT, [row.jti, row.envelope, row.sha256, row.body, row.receipt]);
}

async function insertWithLog(row: Row): Promise<void> {
  const client = await (pool as pg.Pool).connect();
  try {
    await client.query('begin');
    const { rows } = await client.query('select size, head from log_head for update');
    const head = hash('sha256', `${rows[0].head}${row.sha256}${row.receipt}`, 'base64url');
    await insert(client, row);
    await client.query('insert into log_leaves (position, hash) values ($1, $2)', [rows[0].size, head]);
    await client.query('update log_head set size = size + 1, head = $1', [head]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

const commands = {
  /** Returns its base URL. */
  async start(given: { databaseUrl: string; jwk: object; log: boolean }): Promise<string> {
    withLog = given.log;
    peerKey = await importJWK(given.jwk as JWK, 'EdDSA');
    pool = new pg.Pool({ connectionString: given.databaseUrl, max: POOL_SIZE });
    await pool.query(
      `create table pushes (jti uuid primary key, envelope text not null, sha256 text not null,
         body bytea not null, receipt text not null)`,
    );
    await pool.query('alter table pushes alter column body set storage external');
    await pool.query('create table log_head (size bigint not null, head text not null)');
    await pool.query('create table log_leaves (position bigint primary key, hash text not null)');
    await pool.query(`insert into log_head values (0, '')`);
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
};
export type NaiveCommands = typeof commands;

serveCommands(commands, async () => {
  await app.close();
  await pool?.end();
});
