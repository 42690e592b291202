import type { ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { captureLog } from '../http/harness.ts';
import { PDF } from '../support/craft.ts';
import { startHop } from '../support/hop.ts';
import {
  eventually,
  peerNodes,
  restartTestNode,
  seedLink,
  startTestNode,
  submit,
  untilState,
} from '../support/node.ts';

const hop = await startHop(t);
const log = captureLog();
const a = await startTestNode(t, {
  logger: log.logger,
  env: { INTERVAULT_RETRY_BASE_MS: '50', INTERVAULT_RETRY_CAP_MS: '1000' },
});
const b = await startTestNode(t, { hop });
await peerNodes(a, b);
const link = await seedLink(a, b);

function problem(
  outgoing: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  outgoing.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
  outgoing.end(JSON.stringify(body));
}

/** Misbehaves for the first PUTs of a document, then forwards: the document must still arrive, once. */
async function survives(
  t: Test,
  times: number,
  misbehave: NonNullable<typeof hop.onPut>,
  expectedCode: string,
): Promise<void> {
  let left = times;
  hop.onPut = (incoming, outgoing, forward) => {
    if (left-- > 0) return misbehave(incoming, outgoing, forward);
    forward();
  };
  const { id } = await submit(a, link, PDF);
  const seen = new Set<string>();
  await eventually(async () => {
    const document = await a.documents.sent(id);
    if (document?.last_code != null) seen.add(document.last_code);
    return document?.state === 'accepted';
  });
  t.ok(seen.has(expectedCode), `${expectedCode} was shown: ${[...seen].join(' ')}`);
  hop.onPut = undefined;
  const { rows } = await b.db.withClient((client) =>
    client.query('select count(*) as n from received_documents where jti = $1', [id]),
  );
  t.equal(rows[0].n, 1);
}

t.test('a peer that misbehaves for a while loses nothing', async (t) => {
  await t.test('cuts the connection', (t) =>
    survives(t, 2, (incoming) => void incoming.socket.destroy(), 'peer.unreachable'),
  );
  await t.test('500 with a page', (t) =>
    survives(
      t,
      2,
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(500, { 'content-type': 'text/html' }).end('<h1>oops</h1>');
      },
      'answer.not_a_problem',
    ),
  );
  await t.test('redirects', (t) =>
    survives(
      t,
      2,
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
      },
      'answer.not_a_problem',
    ),
  );
  await t.test('says 201 without a receipt', (t) =>
    survives(
      t,
      2,
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(201, { 'content-type': 'application/json' }).end('{}');
      },
      'answer.not_a_receipt',
    ),
  );
  await t.test('says 201 with a receipt that is none', (t) =>
    survives(
      t,
      2,
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(201, { 'content-type': 'application/ivx-receipt+jwt' }).end('a.b.c');
      },
      'receipt.malformed',
    ),
  );
  await t.test('answers without end', (t) =>
    survives(
      t,
      1,
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(201, { 'content-type': 'application/ivx-receipt+jwt' });
        const chunk = Buffer.alloc(65_536, 'x');
        const more = () => {
          while (!outgoing.destroyed && outgoing.write(chunk)) {}
          if (!outgoing.destroyed) outgoing.once('drain', more);
        };
        more();
      },
      'answer.too_large',
    ),
  );
  await t.test('delivers to the peer and loses the answer: the retry gets the original receipt', (t) =>
    survives(
      t,
      1,
      (_incoming, outgoing, forward) => {
        outgoing.writeHead = () => {
          outgoing.destroy();
          return outgoing;
        };
        forward();
      },
      'peer.unreachable',
    ),
  );
});

t.test('Retry-After is obeyed', async (t) => {
  let firstAt = 0;
  let secondAt = 0;
  hop.onPut = (incoming, outgoing, forward) => {
    if (firstAt === 0) {
      firstAt = Date.now();
      incoming.resume();
      problem(outgoing, 503, { code: 'exchange.in_progress', retryable: true }, { 'retry-after': '1' });
      return;
    }
    secondAt ||= Date.now();
    forward();
  };
  const { id } = await submit(a, link, PDF);
  await untilState(a, id, 'accepted');
  hop.onPut = undefined;
  t.ok(secondAt - firstAt >= 1000, `${secondAt - firstAt} ms`);
});

t.test('a problem that cannot be retried closes the exchange: failed, with the signed closing', async (t) => {
  hop.onPut = (incoming, outgoing) => {
    incoming.resume();
    problem(outgoing, 400, { code: 'envelope.malformed', retryable: false });
  };
  const { id } = await submit(a, link, PDF);
  const failed = await untilState(a, id, 'failed');
  hop.onPut = undefined;
  t.equal(failed.state_code, 'envelope.malformed');
  t.equal(failed.attempts, null, 'nothing is left in the queue');
  const chain = await a.evidence.chain({ iss: a.url, jti: id });
  t.same(
    chain.map(({ event }) => event),
    ['SubmissionAcceptance', 'RelayRejection', 'ReceiptStored'],
  );
});

t.test('five mismatches end in a closing, not in endless tries', async (t) => {
  const before = hop.puts;
  hop.onPut = (incoming, outgoing) => {
    incoming.resume();
    problem(outgoing, 400, { code: 'content.digest', retryable: true });
  };
  const { id } = await submit(a, link, PDF);
  const failed = await untilState(a, id, 'failed');
  hop.onPut = undefined;
  t.equal(failed.state_code, 'exchange.mismatch');
  t.equal(hop.puts - before, 5);
});

t.test('given up without any answer, then found accepted: both records are kept', async (t) => {
  // The PUT arrives and its answer is lost; afterwards the sender gives up, and closings are not answered either.
  hop.onPut = (_incoming, outgoing, forward) => {
    outgoing.writeHead = () => {
      outgoing.destroy();
      return outgoing;
    };
    forward();
  };
  hop.onClose = (incoming) => void incoming.socket.destroy();
  const { id } = await submit(a, link, PDF);
  await eventually(async () => (await a.documents.sent(id))?.attempts);
  await a.db.transact((tx) =>
    tx.client.query(`update deliveries set expires_at = now() - interval '1 second' where jti = $1`, [id]),
  );
  const unconfirmed = await untilState(a, id, 'failed', 30_000);
  t.equal(unconfirmed.state_code, 'exchange.unconfirmed');
  hop.onPut = undefined;
  hop.onClose = undefined;
  // The next closing is a minute or hours away; the peer is heard from before that.
  await eventually(async () => {
    const { rowCount } = await a.db.withClient((client) =>
      client.query(
        `update deliveries set last_attempt_at = now() - interval '1 minute', next_attempt_at = now() + interval '1 hour'
         where jti = $1 and lease_owner is null`,
        [id],
      ),
    );
    return rowCount === 1;
  });
  a.registry.noteContact(b.url, { direction: 'in', ok: true });
  await untilState(a, id, 'accepted');
  const chain = await a.evidence.chain({ iss: a.url, jti: id });
  t.same(
    chain.map(({ event }) => event),
    ['SubmissionAcceptance', 'RelayFailure', 'RelayAcceptance', 'ReceiptStored'],
  );
});

const show = () => a.registry.peerAdmin.show(b.url);

t.test('a peer whose answers are errors is failing, and with what', async (t) => {
  hop.onPut = (incoming, outgoing) => {
    incoming.resume();
    problem(outgoing, 503, { title: 'Busy', status: 503, code: 'overload.memory', retryable: true });
  };
  const { id } = await submit(a, link, PDF);
  await eventually(async () => (await show()).outboundProblem === 'overload.memory');
  t.match(await show(), { outboundFailingSince: /Z$/ });
  const line = log.lines.find(({ exchangeId }) => exchangeId === id);
  t.match(
    line,
    { level: 'info', peer: b.url, task: 'send', code: 'overload.memory', status: 503 },
    'and logged',
  );
  hop.onPut = undefined;
  await untilState(a, id, 'accepted');
  await eventually(async () => (await show()).outboundFailingSince === undefined);
});

t.test('a sign of life makes due what found nobody, and not what was told to wait', async (t) => {
  let toldId: string | undefined;
  hop.onPut = (incoming, outgoing) => {
    if (toldId !== undefined && incoming.url?.includes(toldId) !== true) {
      incoming.socket.destroy();
      return;
    }
    incoming.resume();
    const busy = { title: 'Slowly', status: 429, code: 'rate.limited', retryable: true };
    problem(outgoing, 429, busy, { 'retry-after': '1' });
  };
  const told = await submit(a, link, PDF);
  await eventually(async () => (await a.documents.sent(told.id))?.last_code === 'rate.limited');
  toldId = told.id;
  const unanswered = await submit(a, link, PDF);
  await eventually(async () => (await a.documents.sent(unanswered.id))?.last_code === 'peer.unreachable');
  // As after a long outage: nothing is due for an hour, and no process remembers the peer as failing.
  await a.outbox.stop();
  await a.db.withClient((client) =>
    client.query(`update deliveries set next_attempt_at = now() + interval '1 hour', lease_owner = null,
      leased_until = null, last_attempt_at = now() - interval '1 hour'`),
  );
  hop.onPut = undefined;
  await a.stop();
  const again = await restartTestNode(t, a.env);
  again.registry.noteContact(b.url, { direction: 'in', ok: true });
  await untilState(again, unanswered.id, 'accepted');
  t.equal((await again.documents.sent(told.id))?.state, 'submitted', 'its time was given by the peer');
  t.ok(await again.outbox.retryNow(told.id));
  await untilState(again, told.id, 'accepted');
});
