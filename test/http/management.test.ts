import t from 'tap';
import { createDrain } from '../../src/http/drain.ts';
import { createManagement } from '../../src/http/management.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { mergeProblems } from '../../src/http/problem.ts';
import { httpProblems } from '../../src/http/problems.ts';
import { createReadiness } from '../../src/http/readiness.ts';
import { captureLog, rawExchange } from './harness.ts';

async function start(t: { teardown: (fn: () => unknown) => unknown }) {
  const readiness = createReadiness();
  const drain = createDrain();
  const { registry } = createMetrics();
  const log = captureLog();
  const management = createManagement({
    readiness,
    registry,
    drain,
    problems: mergeProblems(httpProblems),
    logger: log.logger,
  });
  t.teardown(() => management.close());
  const { port } = await management.listen('127.0.0.1', 0);
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  return { readiness, drain, registry, get, port, log };
}

t.test('liveness, readiness with reasons, metrics', async (t) => {
  const { readiness, drain, get } = await start(t);
  const live = await get('/livez?probe=1');
  t.equal(live.status, 200);
  t.same(await live.json(), { status: 'alive' });

  t.equal((await get('/readyz')).status, 200, 'nothing to check');
  let databaseUp = true;
  readiness.add('database', async () => ({
    ok: databaseUp,
    detail: databaseUp ? 'ok' : 'refuses connections',
  }));
  readiness.add('log', () => ({ ok: true }));
  t.same(await (await get('/readyz')).json(), {
    status: 'ready',
    reasons: [
      { check: 'database', ok: true, detail: 'ok' },
      { check: 'log', ok: true, detail: 'ok' },
    ],
  });
  databaseUp = false;
  const red = await get('/readyz');
  t.equal(red.status, 503);
  t.match(await red.json(), {
    status: 'not_ready',
    reasons: [{ check: 'database', ok: false, detail: 'refuses connections' }],
  });
  databaseUp = true;
  drain.start();
  const draining = await get('/readyz');
  t.equal(draining.status, 503);
  t.match(await draining.json(), {
    reasons: [
      { check: 'drain', ok: false },
      { check: 'database', ok: true },
    ],
  });
  t.equal((await get('/livez')).status, 200, 'a draining node lives');

  const metrics = await get('/metrics');
  t.match(metrics.headers.get('content-type'), /text\/plain/);
  t.match(await metrics.text(), /process_cpu_user_seconds_total/);
});

t.test('nothing else, and no other method', async (t) => {
  const { get, port } = await start(t);
  for (const path of [
    '/',
    '/v1/documents',
    '/readyz/',
    '/livez/../metrics2',
    '/.well-known/openid-federation',
  ]) {
    const response = await get(path);
    t.equal(response.status, 404, path);
    t.match(await response.json(), { code: 'request.not_found' });
  }
  const post = await get('/livez', { method: 'POST', body: 'x' });
  t.equal(post.status, 405);
  t.equal(post.headers.get('allow'), 'GET, HEAD');
  const head = await get('/livez', { method: 'HEAD' });
  t.equal(head.status, 200);
  t.equal(await head.text(), '');
  t.match(
    (await rawExchange(port, 'GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n', { untilMs: 2000 })).answer,
    / 400 /,
  );
});

t.test('a scrape that fails says nothing of why', async (t) => {
  const { get, registry, log } = await start(t);
  registry.metrics = async () => {
    throw new Error('inner words');
  };
  const response = await get('/metrics');
  t.equal(response.status, 500);
  t.notMatch(await response.text(), /inner words/);
  t.match(log.lines, [{ err: { message: 'inner words' } }]);
});

t.test('a check that throws or hangs is red, in time, and is not piled up', async (t) => {
  const failed: string[] = [];
  const readiness = createReadiness((check) => failed.push(check));
  let hanging = 0;
  let release = () => {};
  readiness.add('throws', () => {
    throw new Error('inner words');
  });
  readiness.add(
    'hangs',
    () => {
      hanging++;
      return new Promise((resolve) => {
        release = () => resolve({ ok: true });
      });
    },
    30,
  );
  t.throws(() => readiness.add('hangs', () => ({ ok: true })), /exists/);
  const [first, shared] = await Promise.all([readiness.look(), readiness.look()]);
  t.equal(first, shared, 'callers at the same time share a run');
  t.match(first, {
    status: 'not_ready',
    reasons: [
      { check: 'throws', ok: false, detail: /log says why/ },
      { check: 'hangs', ok: false, detail: 'no answer within 30 ms' },
    ],
  });
  t.match((await readiness.look()).reasons[1], { ok: false, detail: /not ended yet/ });
  t.equal(hanging, 1);
  release();
  await new Promise((resolve) => setImmediate(resolve));
  const third = readiness.look();
  t.equal(hanging, 2, 'once it ended it is looked at again');
  release();
  t.match((await third).reasons[1], { ok: true });
  t.same(failed, ['throws', 'throws', 'throws']);
});
