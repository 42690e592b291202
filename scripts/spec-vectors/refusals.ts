import type { RefusalCode } from '../../src/protocol/refusal.ts';
import { agreementCases } from './agreement-refusals.ts';
import {
  B,
  C,
  CONTENT,
  DAY_S,
  DOCUMENT,
  digest,
  type Key,
  keys,
  manifestText,
  NOW,
  uuid,
  withPart,
} from './fixtures.ts';
import { ledgerCases } from './ledger-refusals.ts';
import { attempts, linkCases } from './link-refusals.ts';
import {
  API,
  acceptance,
  asked,
  close,
  one,
  type Put,
  peers,
  put,
  recipientState,
  refusal,
  stalePeer,
} from './refusal-requests.ts';
import type { RefusalCase } from './refusal-shapes.ts';
import { slotCases } from './slot-refusals.ts';

function syntaxCases(): RefusalCase[] {
  return [
    one('envelope.missing', { name: 'no envelope', token: () => undefined }),
    one('envelope.too_large', { name: 'an envelope over 4 KiB', token: (token) => token.padEnd(4097, 'A') }),
    one('envelope.malformed', { name: 'an envelope that is no token', token: () => 'envelope' }),
    one('envelope.type', { name: 'an envelope with the typ of a receipt', typ: 'ivx-receipt+jwt' }),
    one('envelope.invalid', { name: 'an envelope with an unknown claim', claims: { nbf: NOW } }),
    one('envelope.id_mismatch', {
      name: 'the path of another exchange',
      path: `${API}/exchanges/${uuid('another path')}`,
    }),
    one('envelope.audience', { name: 'an envelope for another node', claims: { aud: C } }),
    one('signature.algorithm', { name: 'an envelope with HS256', header: { alg: 'HS256' } }),
    one('signature.invalid', {
      name: 'an envelope signed by a thief',
      key: keys.thief,
      header: { kid: keys.aExchange.kid },
    }),
    one('signature.invalid', {
      name: 'an altered envelope',
      token: (token) => withPart(token, 2, (text) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)),
    }),
    one('key.unknown', { name: 'a key that the peer never listed', key: keys.aUnlisted }),
    one('key.retired', { name: 'a key that the peer lists no more', key: keys.aWithdrawn }),
    one('key.revoked', { name: 'a key that the peer revoked', key: keys.aRevoked }),
    one('time.from_future', { name: 'iat 61 s ahead', claims: { iat: NOW + 61 } }),
    one('time.lifetime', { name: 'a life over 14 days', claims: { exp: NOW - 10 + 14 * DAY_S + 1 } }),
    one('time.expired', { name: 'exp 60 s ago', claims: { iat: NOW - DAY_S, exp: NOW - 60 } }),
    one('body.content_type', {
      name: 'a body of another type',
      headers: { 'content-type': 'application/json' },
    }),
    one('body.content_type', {
      name: 'a type with a parameter',
      headers: { 'content-type': 'application/ivx-exchange; v=1' },
    }),
  ];
}

function stateCases(): RefusalCase[] {
  const from = (code: RefusalCode, peer: { id: string; exchange: Key }) =>
    one(code, { name: `a push from a peer: ${code}`, claims: { iss: peer.id }, key: peer.exchange });
  const linked = (state: string, code: RefusalCode, name = `a link that is ${state}`) =>
    one(code, { name, claims: { sub: uuid(`link ${state}`) } });
  return [
    one('peer.unknown', {
      name: 'a push from a stranger',
      claims: { iss: 'https://stranger.example' },
      key: keys.thief,
    }),
    from('peer.not_active', peers.requested),
    from('peer.stale', stalePeer),
    from('peer.suspended', peers.suspended),
    from('peer.revoked', peers.revoked),
    one('link.missing', { name: 'a push without a link', claims: { sub: undefined } }),
    linked('nobody knows', 'link.unknown'),
    linked('of another peer', 'link.unknown', 'a link of another peer'),
    linked('pending', 'link.pending'),
    linked('paused', 'link.paused'),
    linked('restorable', 'link.restorable'),
    linked('revoked', 'link.revoked'),
    linked('erased', 'link.erased'),
    one('link.scope', {
      name: 'a type that the link does not cover',
      manifest: manifestText('scope', { ...DOCUMENT, type: 'payroll.payslip' }),
    }),
  ];
}

function bodyCases(): RefusalCase[] {
  const manifest = (name: string) => Buffer.from(manifestText(name));
  const whole = (name: string) => Buffer.concat([manifest(name), CONTENT]);
  const chunked = { 'content-length': undefined, 'transfer-encoding': 'chunked' };
  const html = Buffer.from('%PDF-1.7 says it is a PDF');
  return [
    one('body.length', { name: 'a shorter body', body: whole('a shorter body').subarray(0, -1) }),
    one('body.length', {
      name: 'a longer body',
      body: Buffer.concat([whole('a longer body'), Buffer.from('x')]),
    }),
    one('body.length', {
      name: 'a longer body in chunks',
      body: Buffer.concat([whole('a longer body in chunks'), Buffer.from('x')]),
      headers: chunked,
    }),
    one('body.length', {
      name: 'a shorter body in chunks',
      body: whole('a shorter body in chunks').subarray(0, -1),
      headers: chunked,
    }),
    {
      code: 'body.cut',
      name: 'a connection that ends within the body',
      steps: [
        {
          request: put({ name: 'cut', wire: { stopAfter: 40, afterwards: 'cut' } }),
          expect: { answer: 'none' },
        },
        acceptance(put({ name: 'cut' })),
      ],
    },
    one(
      'body.timeout',
      { name: 'a body that stands still', wire: { stopAfter: 40, afterwards: 'hold' } },
      { given: 'impatient' },
    ),
    {
      code: 'manifest.digest',
      name: 'junk of the same length, then the right bytes',
      steps: [
        refusal('manifest.digest', put({ name: 'junk', body: Buffer.alloc(whole('junk').length, 'x') })),
        acceptance(put({ name: 'junk' })),
      ],
    },
    {
      code: 'content.digest',
      name: 'another content of the same length, then the right one',
      steps: [
        refusal(
          'content.digest',
          put({ name: 'swap', body: Buffer.concat([manifest('swap'), Buffer.alloc(CONTENT.length, 'x')]) }),
        ),
        acceptance(put({ name: 'swap' })),
      ],
    },
    one('act.unsupported', { name: 'an act that nobody knows', claims: { act: 'example.act' } }),
    one('manifest.too_large', {
      name: 'a manifest over 256 KiB',
      claims: { manifest: { sha256: digest('x'), size: 262_145 } },
    }),
    one('manifest.invalid', {
      name: 'a manifest with an unknown field',
      manifest: manifestText('unknown', { ...DOCUMENT, colour: 'red' }),
    }),
    one('manifest.invalid', {
      name: 'a manifest that tells another size',
      manifest: manifestText('size', DOCUMENT, Buffer.from('Bonjour')),
    }),
    one('content.too_large', {
      name: 'a content of 1 TiB',
      claims: { content: { size: 2 ** 40 } },
      wire: { stopAfter: 0, afterwards: 'hold' },
      headers: chunked,
    }),
    one('content.missing', { name: 'a push without content', claims: { content: undefined } }),
    one('content.empty', { name: 'a push of nothing', claims: { content: { size: 0 } } }),
    one('content.type', { name: 'a PDF header in a text', content: html }),
    one('content.type', { name: 'a control character in a text', content: Buffer.from('a\u0007b') }),
  ];
}

function exchangeCases(): RefusalCase[] {
  const nobody = uuid('never sent');
  return [
    {
      code: 'exchange.conflict',
      name: 'the id of another envelope',
      steps: [
        acceptance(put({ name: 'conflict' })),
        refusal('exchange.conflict', put({ name: 'conflict', claims: { exp: NOW + DAY_S } })),
        {
          request: put({ name: 'conflict' }),
          expect: { status: 200, answer: 'receipt', event: 'RelayAcceptance', same: 0 },
        },
      ],
    },
    {
      code: 'exchange.in_progress',
      name: 'a second try while the first still runs',
      steps: [
        {
          request: put({ name: 'running', wire: { stopAfter: 40, afterwards: 'hold' } }),
          expect: { answer: 'none' },
        },
        refusal('exchange.in_progress', put({ name: 'running' })),
      ],
    },
    {
      code: 'exchange.closed',
      name: 'a PUT after the closing',
      steps: [
        {
          request: close('closed'),
          expect: { status: 200, answer: 'receipt', event: 'RelayRejection', reason: 'exchange.closed' },
        },
        {
          request: put({ name: 'closed' }),
          expect: {
            status: 200,
            answer: 'receipt',
            event: 'RelayRejection',
            reason: 'exchange.closed',
            same: 0,
          },
        },
        refusal('exchange.conflict', put({ name: 'closed', claims: { exp: NOW + DAY_S } })),
      ],
    },
    {
      code: 'exchange.unknown',
      name: 'the receipt of nothing',
      steps: [refusal('exchange.unknown', asked('unknown', 'GET', `${API}/exchanges/${nobody}`))],
    },
    {
      code: 'request.query',
      name: 'a list since something that is no id',
      steps: [refusal('request.query', asked('query', 'GET', `${API}/exchanges?since=abc`))],
    },
    {
      code: 'request.token',
      name: 'a closing without a token',
      steps: [refusal('request.token', { ...close('no token'), headers: {} })],
    },
    {
      code: 'request.token',
      name: 'a closing without env',
      steps: [refusal('request.token', close('no env', { env: undefined }))],
    },
    {
      code: 'request.token',
      name: 'a token for another exchange',
      steps: [refusal('request.token', close('other', { htu: `${B}${API}/exchanges/${nobody}/close` }))],
    },
    {
      code: 'request.token',
      name: 'a token that has expired',
      steps: [refusal('request.token', close('late', { iat: NOW - 180, exp: NOW - 120 }))],
    },
  ];
}

function loadCases(): RefusalCase[] {
  const large = Buffer.alloc(300 * 1024, 'a');
  const held = (name: string): Put => ({
    name,
    content: large,
    body: Buffer.from(manifestText(name, DOCUMENT, large)),
    headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' },
    wire: { stopAfter: 40, afterwards: 'hold' },
  });
  return [
    {
      code: 'rate.limited',
      name: 'one exchange more than the peer may send',
      given: 'one-a-minute',
      steps: [
        acceptance(put({ name: 'first of the minute' })),
        refusal('rate.limited', put({ name: 'second of the minute' })),
      ],
    },
    {
      code: 'overload.memory',
      name: 'a body where the memory for bodies is taken',
      given: 'little-memory',
      steps: [
        { request: put(held('a body that stays')), expect: { answer: 'none' } },
        refusal('overload.memory', put(held('a body too many'))),
      ],
    },
    one('database.unavailable', { name: 'a push while the database is away' }, { given: 'database-away' }),
    one(
      'database.exhausted',
      { name: 'a push where the disk of the database is full' },
      { given: 'disk-full' },
    ),
    one('node.draining', { name: 'a push while the node stops' }, { given: 'draining' }),
  ];
}

/** refusals.json: requests to a recipient in a described state, each with the answer, at least one for each code. */
export function refusalVectors() {
  return {
    description:
      'Requests to the node `recipient`, in that state, at that time by its clock and its database’s, and the answers. Steps of a case follow each other; cases are independent of each other. All is normative but the `given` states, which are reached by other means.',
    format: {
      recipient:
        'peers: those it knows, with the configurations it relied on one after the other. links: those it has; of pending ones only its own half. linksStarted: attempts its own customers started, with the token it gave out (under the key bExchange of keys.json), for an account of their own or that of the link `account`. agreements: versions proposed by it (self) or to it (peer), each the digest of its manifest; terminations: what was said to end one, named by its first version. slots: what it knows of slots beyond the agreement: whether it paused one, and how many probes of the page of its human route failed in a row; wishes, of a link: what its customer wants of contacts (mutedUntil: this peer; always: for good). displays: messages of the link’s peer, by their exchange, and when they were displayed; placed an hour before, and over a minute later. words: what its customers said to a peer, each asking for a person in a conversation of its own, and until when one is due.',
      body: 'The bytes sent, base64url. With stopAfter, that many of them are sent; afterwards: hold leaves the connection open, cut ends it.',
      expect:
        'answer problem: application/problem+json with code and retryable. answer receipt: application/ivx-receipt+jwt, signed by the recipient, env naming the envelope of the request, with these members and no other of reason, erds, outcome and nextEligibleAt; same: the bytes of the answer to the step of that index. answer none: nobody waits for it.',
      given: {
        impatient: 'The recipient gives a body up that stands still for a second.',
        'one-a-minute': 'A peer may send one exchange a minute.',
        'little-memory': 'Bodies being received may take 1 MiB of memory together.',
        'database-away': 'The database takes no connections.',
        'disk-full': 'The database refuses to store more (SQLSTATE 53100).',
        draining: 'The node was told to stop, and this request comes on a connection that is already open.',
      },
    },
    recipient: { ...recipientState(), linksStarted: attempts },
    cases: [
      ...syntaxCases(),
      ...stateCases(),
      ...bodyCases(),
      ...linkCases(),
      ...agreementCases(),
      ...slotCases(),
      ...exchangeCases(),
      ...loadCases(),
      // Last: after these no message passes any more.
      ...ledgerCases(),
    ],
  };
}
