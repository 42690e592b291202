import type { ActHandler, OutcomeListener } from '../exchange/index.ts';
import { parseLinkId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { createAnnouncer } from './announcer.ts';
import { createLinkChanges, type LinkChange } from './changes.ts';
import { LINK_DEFAULTS, type LinkOptions, type LinkServiceDeps } from './deps.ts';
import { createHalfHandler, createHalfOutcome } from './half.ts';
import { type JournalEntry, readJournal } from './journal-store.ts';
import { readOffers } from './offer-store.ts';
import { type CompleteLink, createLinkOffers, type StartedLink, type StartLink } from './offers.ts';
import { createRedeemHandler, createRedeemOutcome } from './redeem.ts';
import {
  createLinkRedemptions,
  type LinkRequest,
  type RedeemLink,
  type RedemptionStatus,
} from './redemptions.ts';
import { type LinkDetails, linkDetails, offerDetails } from './shapes.ts';
import { listLinks, readLinks } from './store.ts';
import { createLinkSweeper, type LinkSweeper } from './sweeper.ts';

/**
 * Links and consent, as the institution's back end uses them. Every call refuses with a Refusal whose code is in
 * `linkProblems` or `REFUSALS`. Tokens and codes travel in URL fragments and QR codes only: they stand in request and
 * response bodies here, never in a path or a query.
 */
export type LinkService = {
  /** Initiator, step 1: a link token for a customer. Refuses `link.peer`, `.scopes`, `.input`, `.exists`. */
  start(start: StartLink): Promise<StartedLink>;
  /** Redeemer, step 2: who asks what, for which masked holder. */
  inspect(token: string): Promise<LinkRequest>;
  /** The customer doesn't agree: the token is of no use here any more. */
  decline(token: string): Promise<void>;
  /** Redeemer: the customer agreed. The answer of the initiator is read by `redemption`. */
  redeem(redeem: RedeemLink): Promise<{ linkId: string; expiresAt: Date }>;
  /** Redeemer: the completion code, once the initiator confirmed. Refuses `link.session`, `.not_found`. */
  redemption(linkId: string, session: string): Promise<RedemptionStatus>;
  /**
   * Initiator, step 3. Refuses `link.not_redeemed` (try again), `.session`, `.customer`, `.code` (with `triesLeft`),
   * `.codes_exhausted`, `.lapsed`, `.declined`, `.token_expired`, `.exists`, `.not_found`.
   */
  complete(complete: CompleteLink): Promise<LinkDetails>;
  /** Either side, at any time. Refuses `link.restorable`, `.revoked`, `.erased`, `.pending`, `.consent`, `.exists`. */
  change(linkId: string, change: LinkChange): Promise<LinkDetails>;
  erase(linkId: string, reason: string): Promise<void>;
  /** Refuses `link.not_found`. */
  show(linkId: string): Promise<LinkDetails>;
  /** Newest first, at most 200; `next` continues. Attempts nobody redeemed are not in it. */
  list(filter: {
    peer?: string;
    customer?: string;
    after?: string;
    limit?: number;
  }): Promise<{ links: LinkDetails[]; next?: string }>;
  /** What happened to a link, oldest first, at most 500; `after` is the `id` of the last one seen. */
  journal(
    linkId: string,
    page?: { after?: number; limit?: number },
  ): Promise<(JournalEntry & { id: number })[]>;
  /** The acts of this room, for the exchange. */
  readonly handlers: readonly ActHandler[];
  readonly listeners: readonly OutcomeListener[];
  readonly sweeper: LinkSweeper;
};

const LIST_DEFAULT = 50;
const LIST_MAX = 200;
const JOURNAL_MAX = 500;

export function createLinkService(given: LinkServiceDeps<LinkOptions>): LinkService {
  const deps: LinkServiceDeps = { ...given, options: { ...LINK_DEFAULTS, ...given.options } };
  const { db, registry } = deps;
  const announcer = createAnnouncer(deps);
  const shared = { ...deps, announce: announcer.announce };
  const offers = createLinkOffers(shared);
  const redemptions = createLinkRedemptions(deps);
  const changes = createLinkChanges({ ...shared, withdraw: offers.withdraw });
  const sweeper = createLinkSweeper({ ...deps, offers, redemptions, changes, announcer });

  /** Another spelling of an id is no id here: it would only fail later, in the database. */
  function checkId(linkId: string): string {
    if (parseLinkId(linkId) === undefined) throw new Refusal('link.not_found');
    return linkId;
  }

  async function show(linkId: string): Promise<LinkDetails> {
    checkId(linkId);
    const [link, offer] = await db.withClient(async (client) => [
      (await readLinks(client, [linkId])).get(linkId),
      (await readOffers(client, [linkId])).get(linkId),
    ]);
    if (link !== undefined) return linkDetails(link, registry.peer(link.peer));
    if (offer !== undefined) return offerDetails(offer, registry.peer(offer.peer));
    throw new Refusal('link.not_found');
  }

  return {
    start: offers.start,
    inspect: redemptions.inspect,
    decline: redemptions.decline,
    redeem: redemptions.redeem,
    redemption: (linkId, session) => redemptions.redemption(checkId(linkId), session),
    async complete(complete) {
      await offers.complete({ ...complete, linkId: checkId(complete.linkId) });
      return show(complete.linkId);
    },
    async change(linkId, change) {
      await changes.change(checkId(linkId), change);
      return show(linkId);
    },
    erase: (linkId, reason) => changes.erase(checkId(linkId), reason),
    show,
    async list({ limit = LIST_DEFAULT, ...filter }) {
      const size = Math.max(1, Math.min(limit, LIST_MAX));
      if (filter.after !== undefined) checkId(filter.after);
      const links = await listLinks(db, { ...filter, limit: size });
      const last = links.at(-1);
      return {
        links: links.map((link) => linkDetails(link, registry.peer(link.peer))),
        ...(links.length === size && last !== undefined && { next: last.id }),
      };
    },
    journal: (linkId, page = {}) =>
      readJournal(db.read, checkId(linkId), {
        after: page.after ?? 0,
        limit: Math.max(1, Math.min(page.limit ?? JOURNAL_MAX, JOURNAL_MAX)),
      }),
    handlers: [createRedeemHandler(shared), createHalfHandler(shared)],
    listeners: [
      createRedeemOutcome(shared),
      createHalfOutcome({ evidence: deps.evidence, retry: deps.options.announceRetry }),
    ],
    sweeper,
  };
}
