import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import type { Expectation, RefusalCase, WireRequest } from '../../scripts/spec-vectors/refusal-shapes.ts';
import { sha256 } from '../../src/protocol/digest.ts';
import { parseReceipt, verifyReceipt } from '../../src/protocol/receipt.ts';
import { REFUSALS } from '../../src/protocol/refusal.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestNode } from '../support/node.ts';
import { readVectors } from './read.ts';
import { administer, type RecipientState, startRecipient } from './recipient.ts';
import { type Sent, send, type WireAnswer } from './wire.ts';

const { recipient, cases } = readVectors<{ recipient: RecipientState; cases: RefusalCase[] }>('refusals');

/** Before a request that nobody waits for has surely arrived. */
const ARRIVAL_MS = 300;
const pause = () => new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

/** Of which envelope a receipt must speak. */
function envelopeOf(request: WireRequest): { iss: string; jti: string; sha256: string } {
  const envelope = request.headers['ivx-envelope'];
  if (envelope !== undefined) {
    const { iss, jti } = claimsOf(envelope);
    return { iss, jti, sha256: sha256(envelope) };
  }
  const { iss, env } = claimsOf(request.headers['authorization'] ?? '');
  return { iss, jti: request.path.split('/')[4] ?? '', sha256: env };
}

async function checkAnswer(
  t: Test,
  node: TestNode,
  request: WireRequest,
  answer: WireAnswer,
  expect: Exclude<Expectation, { answer: 'none' }>,
): Promise<void> {
  t.equal(answer.status, expect.status, 'status');
  if (expect.answer === 'problem') {
    t.equal(answer.contentType, 'application/problem+json');
    const problem = JSON.parse(answer.body.toString());
    t.match(problem, { code: expect.code, retryable: expect.retryable, status: expect.status });
    return;
  }
  t.equal(answer.contentType, 'application/ivx-receipt+jwt', answer.body.toString());
  const parsed = parseReceipt(answer.body.toString('latin1'));
  const key = parsed.ok ? node.registry.self.verificationKey(parsed.jws.header.kid) : undefined;
  if (!parsed.ok || key === undefined) {
    t.fail('no receipt of this node');
    return;
  }
  const envelope = envelopeOf(request);
  const expected = {
    iss: recipient.entityId,
    aud: envelope.iss,
    jti: envelope.jti,
    envelopeSha256: envelope.sha256,
  };
  const verified = await verifyReceipt(parsed.jws, key, expected);
  t.ok(verified.ok, 'the receipt holds');
  if (!verified.ok) return;
  const { event, reason, erds, outcome, nextEligibleAt } = verified.claims;
  t.same(
    { event, reason, erds, outcome, nextEligibleAt },
    {
      event: expect.event,
      reason: expect.reason,
      erds: expect.erds,
      outcome: expect.outcome,
      nextEligibleAt: expect.nextEligibleAt,
    },
  );
}

async function runCase(t: Test, node: TestNode, one: RefusalCase): Promise<void> {
  const answers: (WireAnswer | undefined)[] = [];
  const open: Sent[] = [];
  try {
    for (const { request, expect } of one.steps) {
      const sent = await send(node.address.port, request);
      open.push(sent);
      if (expect.answer === 'none') {
        await pause();
        answers.push(undefined);
        continue;
      }
      const answer = await sent.answer;
      answers.push(answer);
      await checkAnswer(t, node, request, answer, expect);
      if (expect.answer === 'receipt' && expect.same !== undefined) {
        t.same(answer.body, answers[expect.same]?.body, 'byte for byte the earlier answer');
      }
    }
  } finally {
    for (const sent of open) sent.end();
  }
}

const given = (name: RefusalCase['given']) => cases.filter((one) => one.given === name);

t.test('every refusal has a vector, and every vector ends in its code', async (t) => {
  t.same([...new Set(cases.map((one) => one.code))].sort(), Object.keys(REFUSALS).sort());
  for (const { code, name, steps } of cases) {
    const told = steps.some(
      ({ expect }) =>
        (expect.answer === 'problem' && expect.code === code) ||
        (expect.answer === 'receipt' && expect.reason === code) ||
        (expect.answer === 'none' && code === 'body.cut'),
    );
    t.ok(told, `${code}: ${name}`);
    const { kind, status } = REFUSALS[code];
    t.notOk(kind === 'terminal' && [404, 405, 410].includes(status), `${code} is no missing path`);
    for (const { expect } of steps) {
      if (expect.answer !== 'problem' || expect.code !== code) continue;
      t.same(
        { status: expect.status, retryable: expect.retryable },
        { status, retryable: kind === 'transient' },
      );
    }
  }
});

t.test('requests and their answers', async (t) => {
  const { node } = await startRecipient(t, recipient);
  await t.test('what the node concludes where nobody hears it', async (t) => {
    const request = cases.find((one) => one.code === 'body.cut')?.steps[0]?.request;
    const envelope = request?.headers['ivx-envelope'] ?? '';
    const answer = await node.exchange.receive({
      pathId: claimsOf(envelope).jti,
      source: 'somewhere',
      envelope,
      contentType: request?.headers['content-type'],
      contentLength: undefined,
      body: Readable.from(cutBody()),
    });
    t.same(answer, { kind: 'refused', code: 'body.cut' });
  });
  for (const one of given(undefined)) await t.test(`${one.code}: ${one.name}`, (t) => runCase(t, node, one));
});

async function* cutBody(): AsyncGenerator<Buffer> {
  yield Buffer.from('{');
  throw new Error('the connection ended');
}

t.test('a body that stands still', async (t) => {
  const { node } = await startRecipient(t, recipient, { INTERVAULT_BODY_IDLE_TIMEOUT_MS: '1000' });
  for (const one of given('impatient')) await runCase(t, node, one);
});

t.test('a peer that spent its budget', async (t) => {
  const { node } = await startRecipient(t, recipient, { INTERVAULT_PEER_RATE_PER_MIN: '1' });
  for (const one of given('one-a-minute')) await runCase(t, node, one);
});

t.test('memory for bodies that is taken', async (t) => {
  const { node } = await startRecipient(t, recipient, { INTERVAULT_BODY_MEMORY_BYTES: '1048576' });
  for (const one of given('little-memory')) await runCase(t, node, one);
});

t.test('a database that cannot store more', async (t) => {
  const { node, database } = await startRecipient(t, recipient);
  await administer(database, async (client) => {
    await client.query(`create function disk_full() returns trigger language plpgsql as
      'begin raise exception ''disk full'' using errcode = ''53100''; end'`);
    await client.query(
      'create trigger disk_full before insert on inbound_exchanges execute function disk_full()',
    );
  });
  for (const one of given('disk-full')) await runCase(t, node, one);
});

/** The database behind a socket that can be taken away. */
async function removable(t: Test, database: TestDatabase): Promise<{ url: string; remove(): Promise<void> }> {
  const url = /host=([^&]+)/.exec(database.url);
  const real = decodeURIComponent(url?.[1] ?? '');
  const folder = await mkdtemp(path.join(tmpdir(), 'ivp-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(path.join(real, '.s.PGSQL.5432'));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => void [client.destroy(), upstream.destroy()]);
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
  const remove = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.teardown(remove);
  return { url: database.url.replace(url?.[1] ?? '', encodeURIComponent(folder)), remove };
}

t.test('a database that is away', async (t) => {
  let away = async () => {};
  const { node } = await startRecipient(t, recipient, {}, async (database) => {
    const { url, remove } = await removable(t, database);
    away = remove;
    return url;
  });
  await away();
  for (const one of given('database-away')) await runCase(t, node, one);
});

t.test('a node that stops', async (t) => {
  const { node } = await startRecipient(t, recipient);
  for (const { steps } of given('draining')) {
    for (const { request, expect } of steps) {
      let stopped: Promise<void> | undefined;
      const sent = await send(node.address.port, request, async () => {
        await pause();
        stopped = node.stop();
        await pause();
      });
      if (expect.answer === 'none') throw new Error('a node that stops answers');
      await checkAnswer(t, node, request, await sent.answer, expect);
      await stopped;
    }
  }
});
