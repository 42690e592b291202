import { hashCompletionCode } from '../../src/protocol/completion-code.ts';
import { A, B, C, forge, keys, NOW, uuid, withPart } from './fixtures.ts';

type Changes = Record<string, unknown>;

export const SCOPES = {
  documents: ['billing.invoice'],
  contact: [],
  engagement: 'none',
  readReceipts: false,
};

export const CONSENT = {
  version: 'ISO/IEC TS 27560:2023',
  jurisdiction: 'FR',
  time: '2026-11-01T11:59:00Z',
  method: 'web',
  purposes: ['Recevoir vos factures dans votre coffre'],
  controllers: [
    { id: A, name: 'Banque A' },
    { id: B, name: 'Assurance B' },
  ],
  policyUrl: 'https://a.example/privacy',
  services: ['Coffre-fort numérique'],
  sensitive: false,
};

/** A link token from B, whose customer is to show it to A, but for the changes. */
export function linkToken(
  label: string,
  changes: Changes = {},
  key = keys.bExchange,
  header: Changes = {},
): string {
  return forge({ payload: linkClaims(label, changes), typ: 'ivx-link+jwt', key, header });
}

const linkClaims = (label: string, changes: Changes = {}) => ({
  iss: B,
  aud: A,
  sub: uuid(`link ${label}`),
  iat: NOW - 60,
  exp: NOW + 840,
  scopes: { [A]: SCOPES, [B]: SCOPES },
  holder: 'M. D••••',
  returnUrl: 'https://b.example/link/return',
  ...changes,
});

/** link-tokens.json */
export function linkTokenVectors() {
  const accepted = (name: string, changes: Changes = {}) => ({
    name,
    token: linkToken(name, changes),
    expect: 'accepted',
    claims: linkClaims(name, changes),
  });
  const refused = (name: string, changes: Changes, expect = 'link.token') => ({
    name,
    token: linkToken(name, changes),
    expect,
  });
  const token = (name: string, text: string) => ({ name, token: text, expect: 'link.token' });
  const hosts = (...names: string[]) => ({ scopes: Object.fromEntries(names.map((host) => [host, SCOPES])) });
  return {
    description:
      'Link tokens of `initiator`, as the redeemer `audience` judges them at `now` under the initiator’s exchange key. link.token and link.token_expired are codes of the federation API; link.audience and time.from_future are said to the redeemer’s own institution.',
    initiator: B,
    audience: A,
    now: NOW,
    key: keys.bExchange.publicJwk,
    cases: [
      accepted('scopes both ways'),
      accepted('scopes one way', hosts(A)),
      accepted('an empty scope grants nothing', { scopes: { [A]: {} } }),
      accepted('15 minutes', { iat: NOW, exp: NOW + 900 }),
      accepted('iat 60 s ahead', { iat: NOW + 60, exp: NOW + 600 }),
      accepted('exp in a second', { exp: NOW + 1 }),
      refused('exp now: there is no skew', { exp: NOW }, 'link.token_expired'),
      refused('iat 61 s ahead', { iat: NOW + 61, exp: NOW + 600 }, 'time.from_future'),
      refused('for another institution', { aud: C, ...hosts(B, C) }, 'link.audience'),
      refused('over 15 minutes', { iat: NOW, exp: NOW + 901 }),
      refused('exp before iat', { exp: NOW - 61 }),
      refused('a host that is neither', hosts(A, C)),
      refused('three hosts', hosts(A, B, C)),
      refused('no scopes', { scopes: {} }),
      refused('a scope nobody defined', { scopes: { [A]: { location: true } } }),
      refused('a return address with a fragment', { returnUrl: 'https://b.example/#x' }),
      refused('a return address by script', { returnUrl: 'javascript:alert(1)' }),
      refused('a holder with a line break', { holder: 'M.\nD' }),
      refused('a link that is no UUIDv7', { sub: 'link-1' }),
      refused('an unknown claim', { jti: uuid('link jti') }),
      token('no token', 'token'),
      token('another typ', linkToken('typ', {}, keys.bExchange, { typ: 'JWT' })),
      token('signed by another key', linkToken('thief', {}, keys.thief, { kid: keys.bExchange.kid })),
      token(
        'a changed signature',
        withPart(linkToken('one'), 2, () => linkToken('two').split('.')[2] ?? ''),
      ),
    ],
  };
}

const scope = (changes: Changes) => ({ [B]: { ...SCOPES, ...changes } });

/** links.json: what follows from two halves, and the completion code. */
export function linkVectors() {
  const half = (state: string, restorable = false) => ({ state, restorable });
  const state = (halves: object[], expect: string, erased = false) => ({ halves, erased, expect });
  const link = uuid('link code');
  const code = (typed: string, plain: string) => ({ typed, plain, hash: hashCompletionCode(plain, link) });
  return {
    description:
      'Effective states of a link from its halves; effective scopes, the intersection of two halves; completion codes as people type them, the ten characters they mean, and their hash for `link`.',
    states: [
      state([half('active'), half('active')], 'active'),
      state([half('active')], 'pending'),
      state([half('paused')], 'pending'),
      state([half('active'), half('paused')], 'paused'),
      state([half('revoked', true), half('active')], 'restorable'),
      state([half('revoked', true), half('paused')], 'restorable'),
      state([half('revoked', true)], 'restorable'),
      state([half('revoked'), half('active')], 'revoked'),
      state([half('revoked'), half('revoked', true)], 'revoked'),
      state([half('revoked')], 'revoked'),
      state([half('active'), half('active')], 'erased', true),
    ],
    scopes: [
      { a: { [A]: SCOPES }, b: { [B]: SCOPES }, both: {} },
      {
        a: scope({
          documents: ['billing.invoice', 'tax.notice'],
          contact: ['offer', 'service'],
          engagement: 'individual',
          readReceipts: true,
        }),
        b: scope({
          documents: ['tax.notice', 'other'],
          contact: ['service'],
          engagement: 'aggregate',
          readReceipts: true,
        }),
        both: scope({
          documents: ['tax.notice'],
          contact: ['service'],
          engagement: 'aggregate',
          readReceipts: true,
        }),
      },
      {
        a: { [B]: {} },
        b: scope({ engagement: 'aggregate', readReceipts: true }),
        both: { [B]: { documents: [], contact: [], engagement: 'none', readReceipts: false } },
      },
    ],
    link,
    codes: [
      code('0123456789', '0123456789'),
      code('ABCDE-FGHJK', 'ABCDEFGHJK'),
      code(' abcde fghjk ', 'ABCDEFGHJK'),
      code('O1IL0-MNPQR', '01110MNPQR'),
    ],
    wrongCodes: ['', 'ABCDE-FGHJ', 'ABCDE-FGHJKM', 'UUUUU-UUUUU', 'ABCDE_FGHJK', 'ABCDÉ-FGHJK'],
  };
}
