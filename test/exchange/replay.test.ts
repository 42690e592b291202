import { randomBytes } from 'node:crypto';
import t from 'tap';
import { close, craft, PDF, put } from '../support/craft.ts';
import { peerNodes, seedLink, startTestNode } from '../support/node.ts';

const a = await startTestNode(t);
const b = await startTestNode(t);
await peerNodes(a, b);
const link = await seedLink(a, b);

async function counts(jti: string) {
  const { rows } = await b.db.withClient((client) =>
    client.query(
      `select (select count(*) from inbound_exchanges where jti = $1) as exchanges,
              (select count(*) from received_documents where jti = $1) as documents,
              (select count(*) from evidence_records where exchange_jti = $1) as records,
              (select count(*) from bodies where state = 'open') as open`,
      [jti],
    ),
  );
  return rows[0];
}

t.test('accepted, then the same receipt byte for byte, without reading the body', async (t) => {
  const crafted = await craft(a, b, { link });
  const first = await put(b, crafted);
  t.equal(first.status, 201);
  t.equal(first.type, 'application/ivx-receipt+jwt');
  const again = await put(b, crafted);
  t.equal(again.status, 200);
  t.same(again.body, first.body);
  const junk = await put(b, crafted, { body: randomBytes(crafted.manifest.length + PDF.length) });
  t.equal(junk.status, 200, 'a replay with junk gets the original receipt');
  t.same(junk.body, first.body);
  t.same(await counts(crafted.jti), { exchanges: 1, documents: 1, records: 1, open: 0 });
});

t.test('junk first consumes nothing: the delivery lives on', async (t) => {
  const crafted = await craft(a, b, { link });
  const junk = await put(b, crafted, { body: randomBytes(crafted.manifest.length + PDF.length) });
  t.match(junk.json(), { code: 'manifest.digest', retryable: true, status: 400 });
  const half = await put(b, crafted, {
    body: Buffer.concat([crafted.manifest, randomBytes(PDF.length)]),
  });
  t.match(half.json(), { code: 'content.digest', retryable: true });
  t.same(await counts(crafted.jti), { exchanges: 0, documents: 0, records: 0, open: 0 });
  t.equal((await put(b, crafted)).status, 201);
});

t.test('another envelope under the same id is a conflict, before and after the body', async (t) => {
  const crafted = await craft(a, b, { link });
  t.equal((await put(b, crafted)).status, 201);
  const other = await craft(a, b, { link, claims: { jti: crafted.jti } });
  const answer = await put(b, other);
  t.equal(answer.status, 409);
  t.match(answer.json(), { code: 'exchange.conflict', retryable: false });
  t.same(await counts(crafted.jti), { exchanges: 1, documents: 1, records: 1, open: 0 });
});

t.test('fifty at once are one document and one receipt', async (t) => {
  const crafted = await craft(a, b, { link });
  const answers = await Promise.all(Array.from({ length: 50 }, () => put(b, crafted)));
  const receipts = new Set(answers.filter(({ status }) => status < 300).map(({ body }) => body.toString()));
  t.equal(receipts.size, 1);
  t.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const answer of answers) t.ok([200, 201, 503].includes(answer.status), `${answer.status}`);
  t.same(await counts(crafted.jti), { exchanges: 1, documents: 1, records: 1, open: 0 });
});

t.test('a large content streams into an upload that appears whole or not at all', async (t) => {
  const content = Buffer.concat([PDF, randomBytes(3_000_000)]);
  const crafted = await craft(a, b, { link, content });
  const broken = Buffer.from(content);
  broken[2_999_999] = (broken[2_999_999] ?? 0) ^ 1;
  const refused = await put(b, crafted, { body: Buffer.concat([crafted.manifest, broken]) });
  t.match(refused.json(), { code: 'content.digest', retryable: true });
  t.same(await counts(crafted.jti), { exchanges: 0, documents: 0, records: 0, open: 0 });
  const answers = await Promise.all([put(b, crafted), put(b, crafted)]);
  t.ok(answers.some(({ status }) => status === 201));
  t.same(await counts(crafted.jti), { exchanges: 1, documents: 1, records: 1, open: 0 });
});

t.test('closing decides what was undecided, and returns what was decided', async (t) => {
  const undecided = await craft(a, b, { link });
  const closed = await close(a, b, undecided);
  t.equal(closed.status, 200);
  const late = await put(b, undecided);
  t.equal(late.status, 200, 'a late PUT meets the closing');
  t.same(late.body, closed.body);
  t.same((await close(a, b, undecided)).body, closed.body, 'closing twice is closing once');
  t.same(await counts(undecided.jti), { exchanges: 1, documents: 0, records: 1, open: 0 });

  const accepted = await craft(a, b, { link });
  const receipt = await put(b, accepted);
  t.same((await close(a, b, accepted)).body, receipt.body, 'what was accepted stays accepted');

  const other = await craft(a, b, { link, claims: { jti: undecided.jti } });
  t.equal((await close(a, b, other)).status, 409, 'another envelope under the closed id');
});
