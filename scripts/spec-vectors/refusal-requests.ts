import { REFUSALS, type RefusalCode } from '../../src/protocol/refusal.ts';
import { agreements, current, PARTNER, terminations } from './agreement-states.ts';
import { configurationClaims, signConfiguration } from './entity-configurations.ts';
import {
  A,
  B,
  CONTENT,
  DAY_S,
  DOCUMENT,
  digest,
  ed25519Key,
  envelopeClaims,
  forge,
  type Key,
  keys,
  manifestText,
  NOW,
  uuid,
} from './fixtures.ts';
import { SCOPES } from './links.ts';
import type { Expectation, RefusalCase, Step, WireRequest } from './refusal-shapes.ts';
import { displaysUnder, slotLinks, slotsOf, wordsTo } from './slot-states.ts';

type Changes = Record<string, unknown>;

export const API = '/federation/v1';
export const peers = {
  suspended: {
    id: 'https://suspended.example',
    federation: ed25519Key('suspended federation'),
    exchange: ed25519Key('suspended exchange'),
  },
  revoked: {
    id: 'https://revoked.example',
    federation: ed25519Key('revoked federation'),
    exchange: ed25519Key('revoked exchange'),
  },
  requested: {
    id: 'https://requested.example',
    federation: ed25519Key('requested federation'),
    exchange: ed25519Key('requested exchange'),
  },
} as const;

/** An active peer whose configuration has expired since it was fetched. */
export const stalePeer = {
  id: 'https://stale.example',
  federation: ed25519Key('stale federation'),
  exchange: ed25519Key('stale exchange'),
} as const;

/** An active peer with whom the recipient has agreements. */
export const partner = {
  id: PARTNER,
  federation: ed25519Key('partner federation'),
  exchange: ed25519Key('partner exchange'),
} as const;

const partnerScopes = { [B]: { ...SCOPES, documents: ['billing.invoice', 'tax.notice'] } };

type PeerKeys = { id: string; federation: Key; exchange: Key };

/** What the recipient knows before the first request. */
export function recipientState() {
  const earlier = configurationClaims({
    iat: NOW - 7200,
    exchange: [keys.aExchange, keys.aWithdrawn, keys.aRevoked],
  });
  const now = configurationClaims({ iat: NOW - 60, revoked: [keys.aRevoked] });
  const other = (state: string, { id, federation, exchange }: PeerKeys, iat = NOW - 60) => ({
    entityId: id,
    state,
    pinned: federation.kid,
    configurations: [
      signConfiguration(
        configurationClaims({ entityId: id, iat, federation: [federation], exchange: [exchange] }),
        federation,
      ),
    ],
  });
  const link = (state: string) => ({
    id: uuid(`link ${state}`),
    peer: A as string,
    state,
    scopes: { [A]: SCOPES, [B]: SCOPES },
  });
  return {
    entityId: B,
    now: NOW,
    peers: [
      {
        entityId: A as string,
        state: 'active',
        pinned: keys.aFederation.kid,
        configurations: [signConfiguration(earlier), signConfiguration(now)],
      },
      ...Object.entries(peers).map(([state, peer]) => other(state, peer)),
      other('active', stalePeer, NOW - 8 * DAY_S),
      other('active', partner),
    ],
    links: [
      ...['active', 'pending', 'paused', 'restorable', 'revoked', 'erased'].map(link),
      { ...link('of another peer'), state: 'active', peer: peers.suspended.id },
      { ...link('under an agreement'), state: 'active', peer: PARTNER, scopes: partnerScopes },
      ...slotLinks(PARTNER),
    ],
    agreements,
    terminations,
    slots: slotsOf(PARTNER),
    displays: displaysUnder(current.id),
    words: wordsTo(PARTNER),
  };
}

export type Put = {
  name: string;
  claims?: Changes;
  key?: Key;
  header?: Changes;
  typ?: string;
  /** Of the envelope, once signed. */
  token?: (token: string) => string | undefined;
  /** The bytes sent in place of what the envelope announces. */
  body?: Buffer;
  manifest?: string;
  content?: Buffer;
  wire?: Partial<WireRequest>;
  headers?: Record<string, string | undefined>;
  path?: string;
};

export function put(options: Put): WireRequest {
  const { name, key = keys.aExchange, content = CONTENT } = options;
  const manifest = options.manifest ?? manifestText(name, DOCUMENT, content);
  const claims = envelopeClaims(name, {
    manifest: { sha256: digest(manifest), size: Buffer.byteLength(manifest) },
    content: { size: content.length },
    ...options.claims,
  });
  const signed = forge({
    payload: claims,
    typ: options.typ ?? 'ivx-envelope+jwt',
    key,
    ...(options.header && { header: options.header }),
  });
  const token = options.token === undefined ? signed : options.token(signed);
  const body = options.body ?? Buffer.concat([Buffer.from(manifest), content]);
  return {
    method: 'PUT',
    path: options.path ?? `${API}/exchanges/${claims.jti}`,
    headers: {
      ...(token !== undefined && { 'ivx-envelope': token }),
      'content-type': 'application/ivx-exchange',
      'content-length': String(body.length),
      ...options.headers,
    },
    body: body.toString('base64url'),
    ...options.wire,
  };
}

export function asked(
  name: string,
  method: 'GET' | 'POST',
  path: string,
  changes: Changes = {},
): WireRequest {
  const token = forge({
    payload: {
      iss: A,
      aud: B,
      iat: NOW,
      exp: NOW + 60,
      jti: uuid(`request ${name}`),
      htm: method,
      htu: `${B}${path}`,
      ...changes,
    },
    typ: 'ivx-request+jwt',
  });
  return { method, path, headers: { authorization: `Bearer ${token}` } };
}

export const close = (name: string, changes: Changes = {}): WireRequest =>
  asked(`close ${name}`, 'POST', `${API}/exchanges/${uuid(name)}/close`, {
    env: digest(envelopeOf(name)),
    ...changes,
  });
const envelopeOf = (name: string): string => put({ name }).headers['ivx-envelope'] ?? '';

/** What a code's own entry says the answer is, and what a decision says of when to try again. */
export function refusal(code: RefusalCode, request: WireRequest, nextEligibleAt?: string): Step {
  const { kind, status, erds }: { kind: string; status: number; erds?: string } = REFUSALS[code];
  return {
    request,
    expect:
      kind === 'decided'
        ? {
            status,
            answer: 'receipt',
            event: 'RelayRejection',
            reason: code,
            ...(erds !== undefined && { erds }),
            ...(nextEligibleAt !== undefined && { nextEligibleAt }),
          }
        : { status, answer: 'problem', code, retryable: kind === 'transient' },
  };
}

type Receipt = Extract<Expectation, { answer: 'receipt' }>;

export const acceptance = (
  request: WireRequest,
  says: Pick<Receipt, 'outcome' | 'nextEligibleAt'> = {},
): Step => ({
  request,
  expect: { status: 201, answer: 'receipt', event: 'RelayAcceptance', ...says },
});

export const one = (code: RefusalCode, options: Put, more: Partial<RefusalCase> = {}): RefusalCase => ({
  code,
  name: options.name,
  steps: [refusal(code, put(options))],
  ...more,
});
