import {
  A,
  B,
  bits128,
  C,
  DAY_S,
  digest,
  envelopeClaims,
  forge,
  type Key,
  keys,
  NOW,
  uuid,
  withPart,
} from './fixtures.ts';

type Changes = Record<string, unknown>;
type TokenCase = { name: string; token: string; expect: string; claims?: object };

const ENVELOPE = forge({ payload: envelopeClaims('receipt'), typ: 'ivx-envelope+jwt' });

function cases(typ: string, key: Key, base: (name: string) => object, malformed: string, signature: string) {
  const sign = (name: string, changes: Changes = {}, header: Changes = {}, by: Key = key) =>
    forge({ payload: { ...base(name), ...changes }, typ, header, key: by });
  const good = sign('good');
  return {
    sign,
    accepted: (name: string, changes: Changes = {}): TokenCase => ({
      name,
      token: sign(name, changes),
      expect: 'accepted',
      claims: { ...base(name), ...changes },
    }),
    refused: (name: string, expect: string, changes: Changes): TokenCase => ({
      name,
      token: sign(name, changes),
      expect,
    }),
    common: [
      { name: 'no token', token: 'receipt', expect: malformed },
      { name: 'another typ', token: sign('typ', {}, { typ: 'JWT' }), expect: malformed },
      { name: 'alg none', token: sign('none', {}, { alg: 'none' }), expect: malformed },
      { name: 'crit', token: sign('crit', {}, { crit: ['x'], x: 1 }), expect: malformed },
      {
        name: 'a changed signature',
        token: withPart(good, 2, () => sign('else').split('.')[2] ?? ''),
        expect: signature,
      },
      {
        name: 'signed by another key',
        token: sign('thief', {}, { kid: key.kid }, keys.thief),
        expect: signature,
      },
    ] satisfies TokenCase[],
  };
}

/** receipts.json */
export function receiptVectors() {
  const env = { jti: uuid('receipt'), iss: A, sha256: digest(ENVELOPE) };
  const make = cases(
    'ivx-receipt+jwt',
    keys.bExchange,
    (name) => ({
      iss: B,
      aud: A,
      jti: uuid(`receipt ${name}`),
      iat: NOW,
      env,
      event: 'RelayAcceptance',
      inc: NOW - 50 * DAY_S,
      nonce: bits128(`receipt ${name}`),
    }),
    'receipt.malformed',
    'receipt.signature',
  );
  const rejection = { event: 'RelayRejection', reason: 'link.scope', erds: 'R_ERDS_PolicyViolation' };
  return {
    description:
      'Receipts, as the sender of the envelope judges them. Times are not judged: a replayed receipt is as old as its decision. That a receipt is refused is normative; the reason is that of the reference implementation.',
    expected: { iss: B, aud: A, jti: env.jti, envelope: ENVELOPE, envelopeSha256: env.sha256 },
    key: keys.bExchange.publicJwk,
    cases: [
      make.accepted('an acceptance'),
      make.accepted('an acceptance with an outcome', {
        outcome: 'deferred',
        nextEligibleAt: '2026-11-02T06:00:00Z',
      }),
      make.accepted('a rejection', rejection),
      make.accepted('a rejection without an ERDS reason', {
        event: 'RelayRejection',
        reason: 'content.type',
      }),
      make.accepted('an old one', { iat: NOW - 400 * DAY_S }),
      make.refused('a rejection without a reason', 'receipt.invalid', { event: 'RelayRejection' }),
      make.refused('an acceptance with a reason', 'receipt.invalid', { reason: 'link.scope' }),
      make.refused('an event of another record', 'receipt.invalid', { event: 'RelayFailure' }),
      make.refused('an unknown claim', 'receipt.invalid', { exp: NOW + 60 }),
      make.refused('no nonce', 'receipt.invalid', { nonce: undefined }),
      make.refused('of another recipient', 'receipt.mismatch', { iss: C }),
      make.refused('for another sender', 'receipt.mismatch', { aud: C }),
      make.refused('of an envelope of another sender', 'receipt.mismatch', { env: { ...env, iss: C } }),
      make.refused('of another exchange', 'receipt.mismatch', { env: { ...env, jti: uuid('other') } }),
      make.refused('of another envelope under the same id', 'receipt.mismatch', {
        env: { ...env, sha256: digest('another') },
      }),
      ...make.common,
    ],
  };
}

/** evidence-records.json */
export function evidenceVectors() {
  const env = { jti: uuid('receipt'), iss: A, sha256: digest(ENVELOPE) };
  const precedes = { jti: env.jti, iss: A, manifest: envelopeClaims('receipt').manifest.sha256 };
  const make = cases(
    'ivx-evidence+jwt',
    keys.aExchange,
    (name) => ({
      iss: A,
      jti: uuid(`evidence ${name}`),
      iat: NOW,
      event: 'PeerChanged',
      peer: B,
      inc: NOW - 100 * DAY_S,
      nonce: bits128(`evidence ${name}`),
    }),
    'evidence.malformed',
    'evidence.signature',
  );
  const failure = { event: 'RelayFailure', env, reason: 'exchange.unconfirmed', erds: 'R_ERDS_Unreachable' };
  const stored = { event: 'ReceiptStored', env, cites: digest('receipt') };
  const submitted = { event: 'SubmissionAcceptance', env: precedes, sub: uuid('link active') };
  return {
    description:
      'Evidence records. Which members go with which event is normative; the reason of a refusal is that of the reference implementation.',
    key: keys.aExchange.publicJwk,
    cases: [
      make.accepted('a submission', submitted),
      make.accepted('a receipt stored', stored),
      make.accepted('no answer obtained', failure),
      make.accepted('a submission refused', {
        event: 'SubmissionRejection',
        sub: uuid('l'),
        reason: 'link.paused',
      }),
      make.accepted('a document filed', { event: 'ContentConsignment', env }),
      make.accepted('a peer suspended', { subject: 'state:suspended', reason: 'peer.suspended' }),
      make.accepted('a configuration relied on', {
        event: 'ConfigurationReliedOn',
        cites: digest('configuration'),
      }),
      make.refused('an event nobody defined', 'evidence.invalid', { event: 'ContentLost' }),
      make.refused('a receipt’s event', 'evidence.invalid', { event: 'RelayAcceptance' }),
      make.refused('a submission that cites an envelope', 'evidence.invalid', { ...submitted, env }),
      make.refused('a submission without an exchange', 'evidence.invalid', { ...submitted, env: undefined }),
      make.refused('a receipt stored that cites none', 'evidence.invalid', { ...stored, cites: undefined }),
      make.refused('a failure without a reason', 'evidence.invalid', { ...failure, reason: undefined }),
      make.refused('a reason where nothing failed', 'evidence.invalid', {
        ...submitted,
        reason: 'link.scope',
      }),
      make.refused('an ERDS reason that is no name of the standard’s form', 'evidence.invalid', {
        ...failure,
        erds: 'Unreachable',
      }),
      make.refused('an unknown claim', 'evidence.invalid', { title: 'Facture' }),
      make.refused('no nonce', 'evidence.invalid', { nonce: undefined }),
      ...make.common,
      {
        name: 'a kid nobody knows',
        token: make.sign('unknown', {}, {}, keys.thief),
        expect: 'evidence.key_unknown',
      },
    ],
  };
}

/** request-tokens.json */
export function requestTokenVectors() {
  const htu = `${B}/federation/v1/exchanges?since=${uuid('since')}&limit=100`;
  const make = cases(
    'ivx-request+jwt',
    keys.aExchange,
    (name) => ({ iss: A, aud: B, iat: NOW, exp: NOW + 60, jti: uuid(`request ${name}`), htm: 'GET', htu }),
    'token.malformed',
    'token.signature',
  );
  return {
    description:
      'Request tokens, as the node that is asked judges them at `now` for the request `expected`. That a token is refused is normative (the answer is request.token); the reason is that of the reference implementation.',
    now: NOW,
    expected: { aud: B, htm: 'GET', htu },
    key: keys.aExchange.publicJwk,
    cases: [
      make.accepted('a read'),
      make.accepted('a shorter life', { exp: NOW + 5 }),
      make.accepted('iat 60 s ahead', { iat: NOW + 60, exp: NOW + 120 }),
      make.accepted('exp 59 s ago', { iat: NOW - 119, exp: NOW - 59 }),
      make.refused('for another node', 'token.mismatch', { aud: C }),
      make.refused('for another method', 'token.mismatch', { htm: 'POST' }),
      make.refused('without its query', 'token.mismatch', { htu: htu.split('?')[0] }),
      make.refused('for another host', 'token.mismatch', { htu: htu.replace(B, C) }),
      make.refused('over 60 s', 'token.time', { exp: NOW + 61 }),
      make.refused('exp that equals iat', 'token.time', { exp: NOW }),
      make.refused('iat 61 s ahead', 'token.time', { iat: NOW + 61, exp: NOW + 121 }),
      make.refused('exp 60 s ago', 'token.time', { iat: NOW - 120, exp: NOW - 60 }),
      make.refused('a method that is not taken', 'token.malformed', { htm: 'PATCH' }),
      make.refused('an unknown claim', 'token.malformed', { scope: 'all' }),
      make.refused('no jti', 'token.malformed', { jti: undefined }),
      ...make.common,
    ],
  };
}
