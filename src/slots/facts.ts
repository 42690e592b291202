import type { InboundItem } from '../exchange/index.ts';
import type { SlotGrant } from '../protocol/agreement/terms.ts';
import type { AccountFacts } from '../protocol/ledger/balance.ts';
import type { LinkScopes } from '../protocol/link-scopes.ts';
import type { RefusalCode } from '../protocol/refusal.ts';
import type { Contact } from '../protocol/slot/caps.ts';
import type { SlotMessageBody } from '../protocol/slot/message.ts';
import { type PlacingFacts, placeMessage } from '../protocol/slot/placing.ts';
import { longestWindowMs } from '../protocol/slot/windows.ts';
import { type ContactWishes, type Mute, NO_WISHES } from './contact-store.ts';
import type { CountedDisplay } from './display-store.ts';
import type { HostedContact, SlotState } from './hosting-store.ts';

/** How long a page may display a message that was handed out to it. */
export const LEASE_MS = 5 * 60_000;
/** How much longer the lease is held, so that the report of a display in its last moment finds its place still free. */
export const REPORT_MS = 60_000;

/** As many failed probes in a row, and nobody is there. */
export const HUMAN_FAILURES = 3;

/** The slot of a host that a message names, as the version it comes under grants it. */
export function grantOf(
  agreement: InboundItem['agreement'],
  host: string,
  slot: string,
): SlotGrant | undefined {
  return agreement?.terms.hosts[host]?.slots?.find((grant) => grant.slot === slot);
}

/** Since when contacts have to be known to hold a message against its slot's caps. Service messages have a day's at least. */
export function lookBackMs(grant: SlotGrant | undefined): number {
  return Math.max(longestWindowMs(grant?.caps ?? []), 86_400_000);
}

export function humanOf(
  grant: SlotGrant | undefined,
  state: SlotState | undefined,
): PlacingFacts['slot']['human'] {
  if (grant?.human === undefined) return 'none';
  const gone = grant.human.kind === 'web' && (state?.humanFailures ?? 0) >= HUMAN_FAILURES;
  return gone ? 'unreachable' : 'declared';
}

export function factsOf(given: {
  item: InboundItem;
  host: string;
  grant: SlotGrant | undefined;
  state: SlotState | undefined;
  contacts: readonly HostedContact[];
  /** Of this customer, all guests together; oldest first. */
  displays: readonly CountedDisplay[];
  wishes: ContactWishes;
  mutes: readonly Mute[];
  humanOverdue: boolean;
  account: AccountFacts;
}): PlacingFacts {
  const { item, grant, state, contacts, displays, wishes } = given;
  const nowMs = item.decidedAt.getTime();
  const message = item.manifest.body as unknown as SlotMessageBody;
  const scopes = item.link?.scopes[given.host];
  const mute = given.mutes.find(({ peer }) => peer === item.iss);
  return {
    nowMs,
    message,
    image: item.manifest.content,
    grant,
    slot: { paused: state?.pausedAt != null, human: humanOf(grant, state) },
    scopes: { contact: scopes?.contact ?? [], engagement: scopes?.engagement ?? 'none' },
    humanOverdue: given.humanOverdue,
    activeUntilMs: contacts
      .filter((one) => one.slot === message.slot && !one.ended && one.jti !== message.replaces)
      .map((one) => one.expiresAtMs)
      .filter((time) => time > nowMs),
    placed: contacts.filter((one) => !one.edit).map(contactOf),
    displayed: displays.filter(({ iss }) => iss === item.iss),
    account: given.account,
    customer: {
      mutedUntilMs: mute && (mute.until?.getTime() ?? Number.POSITIVE_INFINITY),
      calm: wishes.calm,
      displaysMs: displays.filter(({ category }) => category !== 'service').map(({ atMs }) => atMs),
      quiet: wishes.quiet,
      zone: wishes.zone,
    },
  };
}

const contactOf = ({ slot, category, placedAtMs }: HostedContact): Contact => ({
  slot,
  category,
  atMs: placedAtMs,
});

/** What a host refuses whoever the customer is and whatever they did: the sender's own node knows it without asking. */
export function refuseUnasked(
  message: SlotMessageBody,
  given: {
    image: PlacingFacts['image'];
    agreement: NonNullable<InboundItem['agreement']>;
    peer: string;
    scopes: LinkScopes | undefined;
    nowMs: number;
  },
): RefusalCode | undefined {
  const { agreement, image, peer, scopes, nowMs } = given;
  const grant = grantOf(agreement, peer, message.slot);
  const placing = placeMessage({
    nowMs,
    message,
    image,
    grant,
    slot: { paused: false, human: humanOf(grant, undefined) },
    scopes: { contact: scopes?.contact ?? [], engagement: 'none' },
    humanOverdue: false,
    activeUntilMs: [],
    placed: [],
    displayed: [],
    // The host's book is the host's to know.
    account: undefined,
    customer: { ...NO_WISHES, mutedUntilMs: undefined, displaysMs: [] },
  });
  // Quiet hours are the host's to know: they go by the clock of the customer.
  return placing.kind === 'refused' && placing.code !== 'message.not_now' ? placing.code : undefined;
}
