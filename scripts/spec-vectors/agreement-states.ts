import type { AgreementProposeBody } from '../../src/protocol/agreement/terms.ts';
import { agreementManifest, agreementTerms, instant } from './agreements.ts';
import { B, DAY_S, digest, NOW } from './fixtures.ts';
import { GRANTED_SLOTS } from './slot-states.ts';

type Changes = Record<string, unknown>;

/** The peer of refusals.json that has agreements with the recipient. */
export const PARTNER = 'https://partner.example';

/** What the recipient takes in from the partner. */
export const GRANTED = { types: ['billing.invoice'], perMonth: 1, bytesPerMonth: 1000 };

/** The manifest of a proposal between the recipient and the partner, made some days ago. */
export function partnerProposal(
  label: string,
  {
    daysAgo = 0,
    beginsInDays = -daysAgo,
    terms = {},
    ...body
  }: { daysAgo?: number; beginsInDays?: number; terms?: Changes } & Changes,
): string {
  return agreementManifest(label, {
    rev: (NOW - daysAgo * DAY_S) * 1000,
    expiresAt: instant(NOW + (13 - daysAgo) * DAY_S),
    terms: agreementTerms({
      effectiveFrom: instant(NOW + beginsInDays * DAY_S),
      hosts: { [PARTNER]: {}, [B]: { documents: GRANTED, slots: GRANTED_SLOTS } },
      // One survey alone is past the tolerance, and all else together is not.
      weights: { service: 0, advice: 1, offer: 3, survey: 1000 },
      ...terms,
    }),
    ...body,
  } satisfies Changes & Pick<AgreementProposeBody, 'rev' | 'expiresAt' | 'terms'>);
}

type Agreement = {
  peer: string;
  id: string;
  proposer: 'self' | 'peer';
  state: string;
  manifest: string;
  agreedAt?: string;
};

function agreement(
  label: string,
  given: Pick<Agreement, 'proposer' | 'state'> & Parameters<typeof partnerProposal>[1],
): Agreement {
  const { proposer, state, ...proposal } = given;
  const manifest = partnerProposal(label, proposal);
  const agreedAt = instant(NOW - (proposal.daysAgo ?? 0) * DAY_S);
  return {
    peer: PARTNER,
    id: digest(manifest),
    proposer,
    state,
    manifest,
    ...(state === 'agreed' && { agreedAt }),
  };
}

/** Ended before the one in force was agreed. */
export const former = agreement('former agreement', { proposer: 'peer', state: 'agreed', daysAgo: 400 });
export const first = agreement('first version', { proposer: 'peer', state: 'agreed', daysAgo: 100 });
/** Replaced, and still draining: under it nothing passes the tolerance. */
export const strict = agreement('strict version', {
  proposer: 'self',
  state: 'agreed',
  daysAgo: 60,
  replaces: first.id,
  terms: { drainDays: 60, imbalance: { tolerance: 100, policy: 'pause', serviceFloorPerMonth: 10 } },
});
export const current = agreement('current version', {
  proposer: 'self',
  state: 'agreed',
  daysAgo: 30,
  replaces: strict.id,
});
export const next = agreement('next version', {
  proposer: 'peer',
  state: 'agreed',
  daysAgo: 20,
  beginsInDays: 30,
  replaces: current.id,
});
export const declined = agreement('declined proposal', {
  proposer: 'peer',
  state: 'declined',
  daysAgo: 5,
  replaces: next.id,
});
export const lapsed = agreement('lapsed proposal', {
  proposer: 'self',
  state: 'expired',
  daysAgo: 15,
  replaces: next.id,
});
export const withdrawn = agreement('withdrawn proposal', {
  proposer: 'self',
  state: 'withdrawn',
  daysAgo: 3,
  replaces: next.id,
});
export const open = agreement('open proposal', {
  proposer: 'self',
  state: 'open',
  daysAgo: 1,
  replaces: next.id,
});

export const agreements = [former, first, strict, current, next, declined, lapsed, withdrawn, open];

export const terminations = [
  {
    agreement: former.id,
    by: 'peer',
    noticedAt: instant(NOW - 390 * DAY_S),
    endsAt: instant(NOW - 290 * DAY_S),
  },
];
