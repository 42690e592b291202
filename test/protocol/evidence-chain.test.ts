import t from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { type EnvelopeClaims, signEnvelope } from '../../src/protocol/envelope.ts';
import { type ChainReport, verifyExchangeChain } from '../../src/protocol/evidence-chain.ts';
import { type EvidenceClaims, signEvidence } from '../../src/protocol/evidence-record.ts';
import type { EntityId, ExchangeId } from '../../src/protocol/ids.ts';
import { createSigner, generateSigningKey, importPublicJwk } from '../../src/protocol/jose/keys.ts';
import { type ReceiptClaims, signReceipt } from '../../src/protocol/receipt.ts';

const A = 'https://a.example' as EntityId;
const B = 'https://b.example' as EntityId;
const JTI = '0190b0a1-0000-7000-8000-000000000001' as ExchangeId;
const OTHER_JTI = '0190b0a1-0000-7000-8000-000000000002' as ExchangeId;
const RECORD_JTI = '0190b0a1-0000-7000-8000-000000000003';
const NOW = 1_790_000_000;
const NONCE = Buffer.alloc(16, 7).toString('base64url');
const MANIFEST = sha256('a manifest');

const keyA = generateSigningKey('EdDSA');
const keyB = generateSigningKey('EdDSA');
const stranger = generateSigningKey('EdDSA');
const signerA = createSigner(keyA.privateKey);
const signerB = createSigner(keyB.privateKey);

function findKey(issuer: string, kid: string) {
  const jwk = issuer === A ? keyA.publicJwk : issuer === B ? keyB.publicJwk : stranger.publicJwk;
  const imported = importPublicJwk(jwk);
  return imported.ok && imported.key.kid === kid ? imported.key : undefined;
}

type Changes = {
  submission?: Partial<EvidenceClaims>;
  envelope?: Partial<EnvelopeClaims>;
  receipt?: Partial<ReceiptClaims>;
  stored?: Partial<EvidenceClaims>;
};

/** A chain as a node holds it after a delivery, with what a case changes before it is signed. */
async function chain(changes: Changes = {}) {
  const base = { jti: RECORD_JTI, iat: NOW, inc: NOW - 1000, nonce: NONCE };
  const submission = await signEvidence(
    {
      ...base,
      iss: A,
      event: 'SubmissionAcceptance',
      peer: B,
      env: { jti: JTI, iss: A, manifest: MANIFEST },
      ...changes.submission,
    },
    signerA,
  );
  const envelope = await signEnvelope(
    {
      iss: A,
      aud: B,
      jti: JTI,
      iat: NOW,
      exp: NOW + 3600,
      act: 'document.push',
      manifest: { sha256: MANIFEST, size: 12 },
      ev: sha256(submission),
      inc: NOW - 1000,
      ...changes.envelope,
    },
    signerA,
  );
  const receipt = await signReceipt(
    {
      ...base,
      iss: B,
      aud: A,
      iat: NOW + 1,
      env: { jti: JTI, iss: A, sha256: sha256(envelope) },
      event: 'RelayAcceptance',
      ...changes.receipt,
    },
    signerB,
  );
  const stored = await signEvidence(
    {
      ...base,
      iss: A,
      iat: NOW + 2,
      event: 'ReceiptStored',
      peer: B,
      env: { jti: JTI, iss: A, sha256: sha256(envelope) },
      cites: sha256(receipt),
      ...changes.stored,
    },
    signerA,
  );
  return {
    jti: JTI as string,
    holder: 'sender' as const,
    envelope,
    records: [submission, receipt, stored] as const,
  };
}

const problems = (report: ChainReport) =>
  report.entries.map(({ problem }) => problem).filter((problem) => problem !== undefined);

t.test('a whole chain holds, in the order it happened', async (t) => {
  const report = await verifyExchangeChain(await chain(), findKey);
  t.match(report, { ok: true, outcome: 'accepted', missing: [] });
  t.same(
    report.entries.map(({ event, issuer, at }) => [event, issuer, at]),
    [
      ['SubmissionAcceptance', A, NOW],
      ['Envelope', A, NOW],
      ['RelayAcceptance', B, NOW + 1],
      ['ReceiptStored', A, NOW + 2],
    ],
  );
  const rejected = await chain({ receipt: { event: 'RelayRejection', reason: 'link.scope' } });
  t.match(await verifyExchangeChain(rejected, findKey), { ok: true, outcome: 'rejected' });
});

t.test('before the answer, and without one', async (t) => {
  const { envelope, records } = await chain();
  const [submission] = records;
  t.match(
    await verifyExchangeChain({ jti: JTI, holder: 'sender', envelope, records: [submission] }, findKey),
    {
      ok: true,
      outcome: 'open',
    },
  );
  const failure = await signEvidence(
    {
      iss: A,
      jti: RECORD_JTI,
      iat: NOW + 9,
      event: 'RelayFailure',
      peer: B,
      env: { jti: JTI, iss: A, sha256: sha256(envelope) },
      reason: 'exchange.unconfirmed',
      inc: NOW,
      nonce: NONCE,
    },
    signerA,
  );
  t.match(
    await verifyExchangeChain(
      { jti: JTI, holder: 'sender', envelope, records: [submission, failure] },
      findKey,
    ),
    {
      ok: true,
      outcome: 'unconfirmed',
    },
  );
});

t.test('what is missing is named', async (t) => {
  const { envelope, records } = await chain();
  const [submission, receipt, stored] = records;
  const without = (some: readonly string[]) =>
    verifyExchangeChain({ jti: JTI, holder: 'sender', envelope, records: some }, findKey);
  t.match(await without([receipt, stored]), { ok: false, missing: ['chain.submission'] });
  t.match(await without([submission, receipt]), { ok: false, missing: ['chain.receipt_stored'] });
  const noReceipt = await without([submission, stored]);
  t.equal(noReceipt.ok, false);
  t.same(problems(noReceipt), ['chain.cites_nothing']);
});

t.test('each break is found, and named', async (t) => {
  const other = sha256('another');
  const cases: [name: string, Changes, problem: string][] = [
    [
      'a submission of another manifest',
      { submission: { env: { jti: JTI, iss: A, manifest: other } } },
      'chain.manifest_mismatch',
    ],
    [
      'a submission of another exchange',
      { submission: { env: { jti: OTHER_JTI, iss: A, manifest: MANIFEST } } },
      'chain.other_exchange',
    ],
    ['an envelope that cites another submission', { envelope: { ev: other } }, 'chain.not_cited'],
    ['an envelope of another exchange', { envelope: { jti: OTHER_JTI } }, 'chain.other_exchange'],
    [
      'a receipt for another envelope',
      { receipt: { env: { jti: JTI, iss: A, sha256: other } } },
      'receipt.mismatch',
    ],
    [
      'a receipt for another sender',
      { receipt: { aud: 'https://c.example' as EntityId } },
      'receipt.mismatch',
    ],
    ['a receipt from before the envelope', { receipt: { iat: NOW - 61 } }, 'chain.order'],
    ['a stored receipt that is not there', { stored: { cites: other } }, 'chain.cites_nothing'],
    [
      'a stored receipt of another envelope',
      { stored: { env: { jti: JTI, iss: A, sha256: other } } },
      'chain.envelope_mismatch',
    ],
  ];
  for (const [name, changes, problem] of cases) {
    const report = await verifyExchangeChain(await chain(changes), findKey);
    t.equal(report.ok, false, name);
    t.ok(problems(report).includes(problem), `${name}: ${problems(report)}`);
  }
});

t.test('signatures, keys and junk', async (t) => {
  const whole = await chain();
  const [submission, receipt, stored] = whole.records;
  const flip = (token: string) =>
    `${token.slice(0, -3)}${token.at(-3) === 'A' ? 'B' : 'A'}${token.slice(-2)}`;
  const check = (records: readonly string[], envelope = whole.envelope) =>
    verifyExchangeChain({ jti: JTI, holder: 'sender', envelope, records }, findKey);
  t.same(problems(await check([flip(submission), receipt, stored])), ['evidence.signature']);
  t.ok(problems(await check([submission, flip(receipt), stored])).includes('receipt.signature'));
  t.ok(problems(await check([submission, receipt, flip(stored)])).includes('evidence.signature'));
  t.same(problems(await check([submission, receipt, stored, 'junk'])), ['evidence.malformed']);
  const forged = await check([submission, receipt, stored], flip(whole.envelope));
  t.match(forged, { ok: false, missing: ['chain.envelope'] });
  t.ok(problems(forged).includes('signature.invalid'));
  t.same(
    problems(
      await verifyExchangeChain({ ...whole }, (issuer, kid) =>
        issuer === B ? undefined : findKey(issuer, kid),
      ),
    ),
    ['chain.cites_nothing', 'receipt.key_unknown'],
  );
  const intruder = await signEvidence(
    {
      iss: 'https://c.example' as EntityId,
      jti: RECORD_JTI,
      iat: NOW,
      event: 'ContentConsignment',
      env: { jti: JTI, iss: A, sha256: sha256(whole.envelope) },
      inc: NOW,
      nonce: NONCE,
    },
    createSigner(stranger.privateKey),
  );
  t.same(problems(await check([submission, receipt, stored, intruder])), ['chain.stranger']);
});

t.test('two answers that contradict each other', async (t) => {
  const whole = await chain();
  const second = await signReceipt(
    {
      iss: B,
      aud: A,
      jti: RECORD_JTI,
      iat: NOW + 5,
      env: { jti: JTI, iss: A, sha256: sha256(whole.envelope) },
      event: 'RelayRejection',
      reason: 'link.scope',
      inc: NOW,
      nonce: NONCE,
    },
    signerB,
  );
  t.match(await verifyExchangeChain({ ...whole, records: [...whole.records, second] }, findKey), {
    ok: false,
    outcome: 'contradictory',
    missing: ['chain.receipt_stored'],
  });
});

t.test('a recipient holds the envelope and its own records, and needs no more', async (t) => {
  const { envelope, records } = await chain();
  const [, receipt] = records;
  const consigned = await signEvidence(
    {
      iss: B,
      jti: RECORD_JTI,
      iat: NOW + 3,
      event: 'ContentConsignment',
      peer: A,
      env: { jti: JTI, iss: A, sha256: sha256(envelope) },
      cites: sha256(records[0]),
      inc: NOW,
      nonce: NONCE,
    },
    signerB,
  );
  const check = (some: readonly string[]) =>
    verifyExchangeChain({ jti: JTI, holder: 'recipient', envelope, records: some }, findKey);
  t.match(await check([receipt, consigned]), { ok: true, outcome: 'accepted', missing: [] });
  t.match(await check([consigned]), { ok: false, missing: ['chain.receipt'] });
});
