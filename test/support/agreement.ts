import type { AgreementTerms, HostGrant } from '../../src/protocol/agreement/terms.ts';
import type { ApiClient } from './api.ts';
import { eventually, type TestNode } from './node.ts';

/** What each of two hosts takes in from the other, unless told otherwise. */
const GRANT: HostGrant = {
  documents: {
    types: ['billing.invoice', 'statement.account'],
    perMonth: 1000,
    bytesPerMonth: 1_000_000_000,
  },
  slots: [
    {
      slot: 'home-card',
      placement: 'home',
      categories: ['service', 'advice', 'offer'],
      locales: ['fr', 'en'],
      capacity: 3,
      caps: [{ scope: 'category', max: 2, per: 1, unit: 'week', counts: 'placed' }],
      quietHours: { from: '20:00', to: '08:00', zone: 'Europe/Paris' },
      titleMaxChars: 60,
      bodyMaxChars: 600,
    },
  ],
};

export type TermsOptions = Partial<AgreementTerms> & { grant?: HostGrant };

/** Terms between two nodes that apply at once. */
export function termsBetween(
  a: { url: string },
  b: { url: string },
  options: TermsOptions = {},
): AgreementTerms {
  const { grant = GRANT, ...rest } = options;
  return {
    effectiveFrom: '2026-01-01T00:00:00Z',
    drainDays: 14,
    noticeDays: 90,
    hosts: { [a.url]: grant, [b.url]: grant },
    weights: { service: 0, advice: 1, offer: 3, survey: 2 },
    imbalance: { tolerance: 100, policy: 'throttle', serviceFloorPerMonth: 10 },
    answers: { humanHours: 48 },
    statement: { period: 'month' },
    ...rest,
  };
}

/** A version as the institution API shows it. */
export type ShownAgreement = {
  id: string;
  agreement: string;
  state: string;
  proposer: 'self' | 'peer';
  standing?: string;
  reason?: string;
  endsAt?: string;
  agreedAt?: string;
  terminations: { by: string; endsAt: string; acknowledged?: boolean }[];
  exchanges: { act: string; iss: string; jti: string; state: string; reason?: string }[];
};

/** Waits until a version has this state at a node. */
export function untilAgreement(node: TestNode, id: string, state: string) {
  return eventually(async () => {
    const version = await node.agreements.show(id).catch(() => undefined);
    return version?.state === state ? version : undefined;
  });
}

/** Both sign: proposed by one, accepted by the other, known to both. Returns the version. */
export async function agree(
  from: TestNode,
  to: TestNode,
  options: TermsOptions & { replaces?: string } = {},
) {
  const { replaces, ...terms } = options;
  const id = await from.agreements.propose({
    peer: to.url,
    terms: termsBetween(from, to, terms),
    ...(replaces !== undefined && { replaces }),
  });
  await untilAgreement(to, id, 'open');
  await to.agreements.accept(id);
  await untilAgreement(to, id, 'agreed');
  return id;
}

/** The same over the institution API. */
export async function proposeOver(api: ApiClient, peer: string, terms: AgreementTerms, more: object = {}) {
  const answer = await api.call('POST', '/v1/agreements', { json: { peer, terms, ...more } });
  return { ...answer, body: answer.body as unknown as ShownAgreement & { code?: string; pointer?: string } };
}
