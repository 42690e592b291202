import { hashCompletionCode } from '../../src/protocol/completion-code.ts';
import type { RefusalCode } from '../../src/protocol/refusal.ts';
import { A, B, bits128, CONTENT, NOW, uuid } from './fixtures.ts';
import { CONSENT, linkToken, SCOPES } from './links.ts';
import { acceptance, peers, put, refusal } from './refusal-requests.ts';
import type { RefusalCase, WireRequest } from './refusal-shapes.ts';

type Changes = Record<string, unknown>;

/** Attempts that the recipient's customers started: for whom, and the token it gave out. */
export const attempts = [
  { label: 'consumed', peer: A as string },
  { label: 'for another', peer: peers.suspended.id },
  { label: 'expired', peer: A as string, token: { iat: NOW - 900, exp: NOW - 60 } },
  { label: 'second', peer: A as string, account: 'active' },
].map(({ label, peer, token = {}, account }) => {
  const claims = { aud: peer, scopes: { [peer]: SCOPES, [B]: SCOPES }, ...token };
  return {
    id: uuid(`link ${label}`),
    peer,
    token: linkToken(label, claims),
    scopes: claims.scopes,
    expiresAt: 'exp' in token ? token.exp : NOW + 840,
    ...(account !== undefined && { account: uuid(`link ${account}`) }),
  };
});

function redeem(name: string, label: string, token?: string): WireRequest {
  const link = uuid(`link ${label}`);
  const attempt = attempts.find(({ id }) => id === link);
  return bare(name, 'link.redeem', link, {
    token: token ?? attempt?.token ?? linkToken(label),
    rev: NOW * 1000,
    scopes: { [B]: SCOPES },
    consent: CONSENT,
    code: hashCompletionCode('0123456789', link),
  });
}

/** An exchange without content. */
function bare(name: string, act: string, link: string, body: Changes, claims: Changes = {}): WireRequest {
  const manifest = JSON.stringify({ salt: bits128(name), body });
  return put({
    name,
    manifest,
    content: Buffer.alloc(0),
    claims: { act, sub: link, content: undefined, ev: undefined, ...claims },
  });
}

const half = (changes: Changes = {}) => ({
  rev: NOW * 1000,
  state: 'active',
  scopes: { [B]: SCOPES },
  consent: CONSENT,
  ...changes,
});

/** What `link.redeem` and `link.half` are refused for. */
export function linkCases(): RefusalCase[] {
  const one = (code: RefusalCode, name: string, request: WireRequest): RefusalCase => ({
    code,
    name,
    steps: [refusal(code, request)],
  });
  const active = uuid('link active');
  return [
    one('link.token', 'a token that was never given out', redeem('never given', 'never given')),
    one(
      'link.token',
      'another token for the link',
      redeem('another token', 'second', linkToken('second', { exp: NOW + 1 })),
    ),
    one('link.institution', 'a token for another institution', redeem('of another', 'for another')),
    one('link.token_expired', 'a token that expired 60 s ago', redeem('expired token', 'expired')),
    {
      code: 'link.token_consumed',
      name: 'a token redeemed twice',
      steps: [
        acceptance(redeem('first redeeming', 'consumed')),
        refusal('link.token_consumed', redeem('second redeeming', 'consumed')),
      ],
    },
    one('link.exists', 'an account that has a link with this peer', redeem('second link', 'second')),
    one(
      'content.unexpected',
      'a half of a link with a content',
      put({ name: 'half with content', claims: { act: 'link.half', content: { size: CONTENT.length } } }),
    ),
    one(
      'link.unknown',
      'a half of a link nobody knows',
      bare('half unknown', 'link.half', uuid('link nobody'), half()),
    ),
    one(
      'link.erased',
      'a half of a link that was erased',
      bare('half erased', 'link.half', uuid('link erased'), half()),
    ),
    one(
      'manifest.invalid',
      'a half that grants without a consent',
      bare('half bare', 'link.half', active, half({ consent: undefined })),
    ),
  ];
}
