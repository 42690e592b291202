import { Agent, request as httpRequest } from 'node:http';
import t from 'tap';
import { closeWithin, createDrain } from '../../src/http/drain.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { buildTestApp, listen, rawExchange } from './harness.ts';

async function start() {
  const drain = createDrain();
  const app = await buildTestApp({ drain });
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const begun = Promise.withResolvers<void>();
  app.get('/slow', async () => {
    begun.resolve();
    await held;
    return 'finished';
  });
  app.get('/fast', async () => 'fast');
  return { app, drain, release, begun: begun.promise, port: await listen(app) };
}

function get(port: number, path: string, agent: Agent): Promise<{ body: string; connection: string }> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path, agent }, async (response) => {
      let body = '';
      for await (const chunk of response) body += String(chunk);
      resolve({ body, connection: `${response.headers.connection}` });
    })
      .on('error', reject)
      .end();
  });
}

t.test('requests under way finish, new ones are refused, connections end', async (t) => {
  const { app, drain, release, begun, port } = await start();
  const agent = new Agent({ keepAlive: true });
  const fine = await app.inject('/fast');
  t.equal(fine.body, 'fast');
  const slow = get(port, '/slow', agent);
  await begun;
  drain.start();
  t.ok(drain.isDraining());

  const refused = await app.inject('/fast');
  t.equal(refused.statusCode, 503);
  t.match(refused.json(), { code: 'node.draining', retryable: true });
  t.match(refused.headers, { 'retry-after': '5', connection: 'close' });
  const { answer, closed } = await rawExchange(port, 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 503 .*"node.draining"/s, 'before any other refusal');
  t.ok(closed);

  const closing = closeWithin(app, 10_000);
  release();
  t.same(await slow, { body: 'finished', connection: 'close' });
  t.same(await closing, { cut: false });
  agent.destroy();
});

t.test('what does not finish in time is cut', async (t) => {
  const { app, drain, begun, port } = await start();
  const agent = new Agent({ keepAlive: true });
  const slow = get(port, '/slow', agent).catch((error: NodeJS.ErrnoException) => error.code);
  await begun;
  drain.start();
  t.same(await closeWithin(app, 50), { cut: true });
  t.equal(await slow, 'ECONNRESET');
});

t.test('durations by route pattern, refused and broken requests included', async (t) => {
  const { registry, http } = createMetrics({ processMetrics: false });
  const app = await buildTestApp({ metrics: http });
  const begun = Promise.withResolvers<void>();
  app.get('/v1/links/:id', async () => 'ok');
  app.get('/hang', () => {
    begun.resolve();
    return new Promise(() => undefined);
  });
  const port = await listen(app);
  const count = async (route: string, method: string, statusClass: string) => {
    const labels = `{route="${route}",method="${method}",status_class="${statusClass}"}`;
    const line = (await registry.metrics())
      .split('\n')
      .find((row) => row.includes(`_seconds_count${labels}`));
    return Number(line?.split(' ').at(-1));
  };
  for (const id of ['jeanne', 'paul']) await app.inject(`/v1/links/${id}`);
  for (const path of ['/a', '/b', '/c']) await app.inject(path);
  t.equal(await count('/v1/links/:id', 'GET', '2xx'), 2);
  t.equal(await count('none', 'GET', '4xx'), 3);
  t.notMatch(await registry.metrics(), /jeanne|\/a/);

  const request = httpRequest({ host: '127.0.0.1', port, path: '/hang' }).on('error', () => undefined);
  request.end();
  await begun.promise;
  t.match(await registry.metrics(), /requests_in_flight 1/);
  request.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.match(await registry.metrics(), /requests_in_flight 0/);
  t.equal(await count('/hang', 'GET', 'aborted'), 1);
  app.server.closeAllConnections();
  await app.close();
});
