import t from 'tap';
import {
  addressKey,
  createTokenLimit,
  installAddressLimit,
  installFederationLimits,
  refundAddress,
} from '../../src/http/rate-limit.ts';
import type { Principal } from '../../src/http/token.ts';
import { createTokenBuckets } from '../../src/http/token-buckets.ts';
import { buildTestApp } from './harness.ts';

t.test('an address is limited until it shows something valid', async (t) => {
  let nowMs = 0;
  const buckets = createTokenBuckets({ ratePerMin: 60, burst: 2, clock: { nowMs: () => nowMs } });
  const app = await buildTestApp();
  installAddressLimit(app, buckets);
  app.get('/guess', async () => 'guessed');
  app.get('/valid', async (request) => {
    refundAddress(request, buckets);
    refundAddress(request, buckets);
    return 'valid';
  });
  const get = (url: string, remoteAddress = '192.0.2.1') => app.inject({ url, remoteAddress });
  for (let n = 0; n < 20; n++) t.equal((await get('/valid')).statusCode, 200);
  await get('/guess');
  t.equal((await get('/valid')).statusCode, 200);
  await get('/guess');
  const refused = await get('/guess');
  t.equal(refused.statusCode, 429);
  t.equal(refused.headers['retry-after'], '1');
  t.match(refused.json(), { code: 'rate.limited', retryable: true });
  t.equal((await get('/valid')).statusCode, 429, 'before anything is looked at');
  t.equal((await get('/guess', '192.0.2.2')).statusCode, 200, 'others are not concerned');
  nowMs += 1000;
  t.equal((await get('/valid')).statusCode, 200);
});

t.test('a peer is charged by itself and told where it stands, whatever the answer', async (t) => {
  const clock = { nowMs: () => 0 };
  const addresses = createTokenBuckets({ ratePerMin: 60, burst: 1, clock });
  const peers = createTokenBuckets({ ratePerMin: 600_000, clock });
  const app = await buildTestApp();
  const onVerified = installFederationLimits(app, { addresses, peers });
  app.get<{ Querystring: { peer?: string } }>('/x', async (request) => {
    const { peer } = request.query;
    if (peer === undefined) return 'a stranger';
    onVerified(request, peer);
    peers.take(peer);
    if (peer === 'broken') throw new Error('broken');
    return 'ok';
  });
  for (const left of [99_999, 99_998]) {
    const { statusCode, headers } = await app.inject('/x?peer=known');
    t.equal(statusCode, 200, 'the address is not charged');
    t.equal(headers['ratelimit-policy'], '"peer";q=100000;w=10');
    t.equal(headers['ratelimit'], `"peer";r=${left};t=1`);
  }
  const broken = await app.inject('/x?peer=broken');
  t.equal(broken.statusCode, 500);
  t.equal(broken.headers['ratelimit'], '"peer";r=99999;t=1');
  for (const status of [200, 429]) {
    const { statusCode, headers } = await app.inject('/x');
    t.equal(statusCode, status);
    t.notOk('ratelimit' in headers || 'ratelimit-policy' in headers, 'a stranger is told nothing');
  }
});

t.test('an IPv6 customer is one address, however many it uses', async (t) => {
  t.equal(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:2:ffff::9'));
  t.not(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'));
  t.equal(addressKey('::ffff:192.0.2.1'), '192.0.2.1');
  t.equal(addressKey('fe80::1%eth0'), addressKey('fe80::2'));
  t.equal(addressKey(undefined), 'unknown');
  t.equal(addressKey('x:y'), 'unknown');
});

t.test('a token is limited by itself and told where it stands', async (t) => {
  const app = await buildTestApp();
  app.decorateRequest('principal', undefined);
  const limit = await createTokenLimit(app, { maxPerMin: () => 3 });
  app.get(
    '/x',
    {
      onRequest: [
        async (request) => {
          const tokenId = request.headers['x-token'] as string;
          request.principal = { subject: 's', role: 'vault', tokenId, issuer: 'node' } satisfies Principal;
        },
        limit,
      ],
    },
    async () => 'ok',
  );
  app.get('/unauthenticated', { onRequest: limit }, async () => 'ok');
  const get = (token: string) => app.inject({ url: '/x', headers: { 'x-token': token } });
  const first = await get('one');
  t.equal(first.statusCode, 200);
  t.equal(first.headers['ratelimit-policy'], '"token";q=3;w=60');
  t.match(first.headers['ratelimit'], /^"token";r=2;t=(60|59)$/);
  await get('one');
  t.match((await get('one')).headers['ratelimit'], /;r=0;/);
  const over = await get('one');
  t.equal(over.statusCode, 429);
  t.match(over.json(), { code: 'rate.limited', retryable: true });
  t.match(over.headers['retry-after'], /^(60|59)$/);
  t.match(over.headers['ratelimit'], /;r=0;/);
  t.equal((await get('two')).statusCode, 200);
  t.equal((await app.inject('/unauthenticated')).statusCode, 500, 'in the wrong order it fails closed');
});
