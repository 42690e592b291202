import { isLower } from '../../src/protocol/agreement/book.ts';
import type { RefusalCode } from '../../src/protocol/refusal.ts';
import {
  current,
  declined,
  first,
  former,
  lapsed,
  next,
  open,
  partnerProposal,
  withdrawn,
} from './agreement-states.ts';
import { agreementManifest, agreementTerms, instant } from './agreements.ts';
import { C, CONTENT, DAY_S, DOCUMENT, digest, manifestText, NOW, uuid } from './fixtures.ts';
import { acceptance, type Put, partner, put, refusal } from './refusal-requests.ts';
import type { RefusalCase, WireRequest } from './refusal-shapes.ts';

type Changes = Record<string, unknown>;

const from = (options: Put): WireRequest =>
  put({
    ...options,
    key: partner.exchange,
    claims: { iss: partner.id, sub: uuid('link under an agreement'), ...options.claims },
  });

/** A document, under the version it names. */
const push = (name: string, agr: string | undefined, options: Partial<Put> = {}) =>
  from({ name, ...options, claims: { agr } });

/** An act of agreements. */
const act = (name: string, of: string, body: Changes) => carry(name, of, agreementManifest(name, body));
const carry = (name: string, of: string, manifest: string) =>
  from({
    name,
    manifest,
    content: Buffer.alloc(0),
    claims: { act: of, sub: undefined, content: undefined },
  });

const PROPOSE = 'agreement.propose';
const ACCEPT = 'agreement.accept';
const TERMINATE = 'agreement.terminate';

const propose = (name: string, body: Parameters<typeof partnerProposal>[1]) =>
  carry(name, PROPOSE, partnerProposal(name, body));

/** A proposal that crosses the recipient's open one and is the higher of the two. */
function higher(): WireRequest {
  const crossing = (at: number) => partnerProposal(`crossing ${at}`, { replaces: next.id });
  let at = 0;
  while (!isLower(open.id, digest(crossing(at)))) at++;
  return carry('crossing', PROPOSE, crossing(at));
}

const noticed = (agreement: string, noticedAt: number, endsAt: number) => ({
  agreement,
  noticedAt: instant(noticedAt),
  endsAt: instant(endsAt),
});

/** What acts of agreements are refused for, and other acts for the agreement they name. */
export function agreementCases(): RefusalCase[] {
  const one = (code: RefusalCode, name: string, request: WireRequest): RefusalCase => ({
    code,
    name,
    steps: [refusal(code, request)],
  });
  const nobody = digest('a version nobody knows');
  return [
    one('agreement.missing', 'a push that names no version', push('no version', undefined)),
    one('agreement.unknown', 'a push under a version nobody knows', push('unknown version', nobody)),
    one('agreement.pending', 'a push under an open proposal', push('open version', open.id)),
    one('agreement.not_effective', 'a push under a version to come', push('next version', next.id)),
    one('agreement.ended', 'a push under a version replaced and drained', push('drained version', first.id)),
    one('agreement.ended', 'a push under an agreement that is over', push('ended version', former.id)),
    one('agreement.closed', 'a push under a declined proposal', push('declined version', declined.id)),
    one(
      'agreement.scope',
      'a type the agreement does not grant',
      push('ungranted', current.id, {
        manifest: manifestText('ungranted', { ...DOCUMENT, type: 'tax.notice' }),
      }),
    ),
    one(
      'quota.exceeded',
      'more bytes than the agreement grants in a month',
      push('many bytes', current.id, { content: Buffer.alloc(1001, 'a') }),
    ),
    {
      code: 'quota.exceeded',
      name: 'one document more than the agreement grants in a month',
      steps: [
        acceptance(push('first of the month', current.id)),
        refusal('quota.exceeded', push('second of the month', current.id)),
      ],
    },
    one('agreement.crossed', 'a proposal that crosses a lower one', higher()),
    one(
      'agreement.outdated',
      'an amendment of a version that was replaced',
      propose('outdated', { replaces: current.id }),
    ),
    one('agreement.outdated', 'a first version beside an agreement', propose('beside', {})),
    one(
      'agreement.unknown',
      'an amendment of a version nobody knows',
      propose('amends unknown', { replaces: nobody }),
    ),
    one(
      'agreement.pending',
      'an amendment of an open proposal',
      propose('amends open', { replaces: open.id }),
    ),
    one(
      'agreement.ended',
      'an amendment of an agreement that was terminated',
      propose('amends former', { replaces: former.id }),
    ),
    one(
      'agreement.closed',
      'a proposal of a lower revision than an earlier one',
      propose('late', { replaces: next.id, rev: 1 }),
    ),
    one(
      'agreement.expired',
      'a proposal that expires now',
      propose('expired', { replaces: next.id, expiresAt: instant(NOW) }),
    ),
    one(
      'manifest.invalid',
      'a proposal that expires over 14 days after iat',
      propose('long', { replaces: next.id, expiresAt: instant(NOW + 14 * DAY_S) }),
    ),
    one(
      'manifest.invalid',
      'a proposal with a third party as host',
      propose('third party', {
        replaces: next.id,
        terms: agreementTerms({ hosts: { [partner.id]: {}, [C]: {} } }),
      }),
    ),
    one('agreement.unknown', 'an acceptance of nothing known', act('accepts', ACCEPT, { agreement: nobody })),
    one(
      'agreement.unknown',
      'an acceptance of an own proposal',
      act('accepts its own', ACCEPT, { agreement: declined.id }),
    ),
    one(
      'agreement.expired',
      'an acceptance of what has expired',
      act('accepts late', ACCEPT, { agreement: lapsed.id }),
    ),
    one(
      'agreement.closed',
      'an acceptance of what was withdrawn',
      act('accepts withdrawn', ACCEPT, { agreement: withdrawn.id }),
    ),
    one(
      'content.unexpected',
      'an acceptance with a content',
      from({ name: 'accepts with content', claims: { act: ACCEPT, content: { size: CONTENT.length } } }),
    ),
    one(
      'agreement.unknown',
      'a refusal of nothing known',
      act('declines', 'agreement.decline', { agreement: nobody }),
    ),
    one(
      'agreement.notice',
      'a termination a second too soon',
      act('terminates', TERMINATE, noticed(first.id, NOW, NOW + 90 * DAY_S - 1)),
    ),
    one(
      'manifest.invalid',
      'a termination by another version than the first',
      act('terminates current', TERMINATE, noticed(current.id, NOW, NOW + 90 * DAY_S)),
    ),
    one(
      'manifest.invalid',
      'a termination noticed 61 s ahead',
      act('terminates ahead', TERMINATE, noticed(first.id, NOW + 61, NOW + 91 * DAY_S)),
    ),
  ];
}
