import t from 'tap';
import { defineProblems, mergeProblems, problem, problemBody, sendProblem } from '../../src/http/problem.ts';
import { httpProblems } from '../../src/http/problems.ts';
import { buildTestApp } from './harness.ts';

const room = defineProblems({
  'document.unknown': { status: 404, title: 'No such document', retryable: false },
  'document.full': { status: 503, title: 'No room', retryable: true },
});

t.test('a table is checked when it is defined', async (t) => {
  const entry = { status: 404, title: 'x', retryable: false };
  for (const code of ['document', 'Document.unknown', 'document.too-large', 'document.', '1a.b', 'a b.c'])
    t.throws(() => defineProblems({ [code]: entry }), /dotted/, code);
  t.throws(() => defineProblems({ 'a.b': { ...entry, status: 200 } }), /status 200/);
  t.throws(() => defineProblems({ 'a.b': { ...entry, title: '' } }), /no title/);
  t.ok(Object.isFrozen(room));
});

t.test('tables merge; a code has one meaning', async (t) => {
  const catalog = mergeProblems(httpProblems, room, { ...room });
  t.ok(catalog.has('document.full'));
  t.same(catalog.get('document.full'), { status: 503, title: 'No room', retryable: true });
  t.throws(() => catalog.get('document.other'), /in no table/);
  t.throws(
    () => mergeProblems(room, { 'document.full': { status: 503, title: 'No room', retryable: false } }),
    /defined twice/,
  );
  const codes = catalog.list().map(({ code }) => code);
  t.same(codes, [...codes].sort());
  t.equal(codes.length, Object.keys(httpProblems).length + 2);
});

t.test('the members of a problem', async (t) => {
  const catalog = mergeProblems(room);
  const body = problemBody(
    catalog,
    problem('document.full', {
      detail: 'come back',
      nextEligibleAt: '2030-01-01T00:00:00Z',
      retryAfterS: 3,
      headers: { 'x-a': 'b' },
      status: 200,
      title: 'forged',
      absent: undefined,
    }),
    'request-1',
  );
  t.same(body, {
    type: 'urn:intervault:problem:document.full',
    title: 'No room',
    status: 503,
    code: 'document.full',
    retryable: true,
    requestId: 'request-1',
    detail: 'come back',
    nextEligibleAt: '2030-01-01T00:00:00Z',
  });
});

t.test('an answer carries media type, retry time, headers and the id of the request', async (t) => {
  const app = await buildTestApp({ tables: [room] });
  app.get('/full', (_request, reply) =>
    sendProblem(reply, problem('document.full', { retryAfterS: 1.2, headers: { 'x-more': '1' } })),
  );
  const response = await app.inject('/full');
  t.equal(response.statusCode, 503);
  t.equal(response.headers['content-type'], 'application/problem+json');
  t.equal(response.headers['retry-after'], '2');
  t.equal(response.headers['x-more'], '1');
  t.equal(response.headers['cache-control'], 'no-store');
  t.equal(response.json().requestId, response.headers['x-request-id']);
  t.notOk('retryAfterS' in response.json());
});
