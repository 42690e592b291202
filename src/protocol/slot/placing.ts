import type { SlotGrant } from '../agreement/terms.ts';
import { type AccountFacts, ruleOnBalance } from '../ledger/balance.ts';
import type { RefusalCode } from '../refusal.ts';
import { type Contact, capsFor, quietHoursOf } from './caps.ts';
import { IMAGE_TYPES, MESSAGE_MAX_LIFETIME_MS, type SlotMessageBody } from './message.ts';
import { type QuietHours, quietUntil } from './quiet-hours.ts';
import { fitsFrom, latest, type RollingLimit } from './windows.ts';

/**
 * How a host decides on a message: one list of rules, the first that objects decides. Times are Unix milliseconds of the
 * host's database. What is not allowed now but will be carries the time from which it is.
 */
export type Placing =
  | { kind: 'placed' }
  /** Taken, and shown from then on at the earliest. */
  | { kind: 'deferred'; nextEligibleAtMs: number }
  | { kind: 'refused'; code: RefusalCode; nextEligibleAtMs?: number };

export type PlacingFacts = {
  nowMs: number;
  message: SlotMessageBody;
  /** What its manifest says of its content. */
  image: { type: string; size: number } | undefined;
  /** The grant of the version the message names; undefined where it has no such slot. */
  grant: SlotGrant | undefined;
  /** Whether the host has paused the slot, and whether somebody answers who is asked for. */
  slot: { paused: boolean; human: 'declared' | 'unreachable' | 'none' };
  /** What the customer consented to, of this guest, in this host's vault. */
  scopes: { contact: readonly string[]; engagement: 'none' | 'aggregate' | 'individual' };
  /** Whether any customer of this host has been waiting for a person of the guest longer than was agreed. */
  humanOverdue: boolean;
  /** This guest's messages to this customer that are still active in the slot: when each ends. Without the one replaced. */
  activeUntilMs: readonly number[];
  /** This guest's messages to this customer, and their displays, as far back as any cap looks; oldest first. */
  placed: readonly Contact[];
  displayed: readonly Contact[];
  /** The account between host and guest; undefined where nobody but the host knows it. */
  account: AccountFacts | undefined;
  customer: {
    /** The customer muted this guest until then; for good where it is infinite. */
    mutedUntilMs: number | undefined;
    /** Over all guests, and the displays that count towards it; oldest first. */
    calm: RollingLimit | undefined;
    displaysMs: readonly number[];
    quiet: QuietHours | undefined;
    zone: string | undefined;
  };
};

type Rule = (facts: PlacingFacts & { grant: SlotGrant }) => Exclude<Placing, { kind: 'placed' }> | undefined;

const refuse = (code: RefusalCode, nextEligibleAtMs?: number): Exclude<Placing, { kind: 'placed' }> => ({
  kind: 'refused',
  code,
  // What the customer muted for good has no such time.
  ...(nextEligibleAtMs !== undefined && Number.isFinite(nextEligibleAtMs) && { nextEligibleAtMs }),
});

const slotIsOpen: Rule = ({ slot }) => {
  if (slot.paused) return refuse('slot.paused');
  if (slot.human === 'none') return refuse('slot.no_human');
  return slot.human === 'unreachable' ? refuse('slot.human_unreachable') : undefined;
};

const customerConsented: Rule = ({ message, scopes }) =>
  scopes.contact.includes(message.category) ? undefined : refuse('link.scope');

const slotTakesIt: Rule = ({ message, grant, image }) => {
  if (!grant.categories.includes(message.category)) return refuse('message.category');
  const [first] = message.texts;
  if (!message.texts.some(({ language }) => speaks(grant.locales, language))) return refuse('message.locale');
  const tooLong = message.texts.some(
    ({ title, body }) => charsOf(title) > grant.titleMaxChars || charsOf(body) > grant.bodyMaxChars,
  );
  if (tooLong || first === undefined) return refuse('message.too_long');
  if (!imageFits(grant, message, image)) return refuse('message.image');
  const links = message.actions?.flatMap((action) => (action.kind === 'link' ? [action.url] : [])) ?? [];
  return links.every((url) => grant.links?.includes(url) === true) ? undefined : refuse('message.link');
};

const itsTimeIsRight: Rule = ({ message, nowMs }) => {
  const expiresAtMs = Date.parse(message.expiresAt);
  const notBeforeMs = message.notBefore === undefined ? nowMs : Date.parse(message.notBefore);
  const tooLong = expiresAtMs > nowMs + MESSAGE_MAX_LIFETIME_MS;
  const never = expiresAtMs <= nowMs || notBeforeMs >= expiresAtMs;
  return tooLong || never ? refuse('message.lifetime') : undefined;
};

/** Who doesn't answer customers offers them nothing: whoever it is that waits, it tells nothing of this one. */
const customersAreAnswered: Rule = ({ message, humanOverdue }) =>
  humanOverdue && message.category === 'offer' ? refuse('message.human_overdue') : undefined;

const thereIsRoom: Rule = ({ grant, activeUntilMs }) => {
  if (activeUntilMs.length < grant.capacity) return undefined;
  const ends = [...activeUntilMs].sort((a, b) => a - b);
  return refuse('message.capacity', ends[activeUntilMs.length - grant.capacity]);
};

/** Caps that count what was placed. An edit takes the place of what it replaces, and counts for nothing. */
const withinCaps: Rule = (facts) => {
  if (facts.message.replaces !== undefined) return undefined;
  const from = latest(
    capsFor(facts.grant, facts.message, 'placed').map(({ cap, times }) =>
      fitsFrom(times(facts.placed), cap, facts.nowMs),
    ),
  );
  return from === undefined ? undefined : refuse('message.cap', from);
};

/**
 * What the two institutions owe each other. It stands before what the customer wants: past the tolerance an answer tells
 * of the account alone, whoever the customer is.
 */
const accountAllowsIt: Rule = ({ account }) => {
  if (account === undefined) return undefined;
  if (account.suspended) return refuse('ledger.suspended');
  const ruling = ruleOnBalance(account);
  return ruling.kind === 'refused' ? refuse(ruling.code, ruling.nextEligibleAtMs) : undefined;
};

/**
 * What the customer wants now. Without consent to individual engagement all of it reads the same: an answer tells nothing
 * about the customer beyond what they agreed to share.
 */
const customerIsOpen: Rule = (facts) => {
  if (facts.message.category === 'service') return undefined;
  const { customer, grant, scopes } = facts;
  // A message that begins tomorrow is held against tomorrow.
  const beginsMs = beginOf(facts);
  // Whoever may not know of the customer could ask about many beginnings, and map the day: the feed keeps to the wishes then.
  if (scopes.engagement !== 'individual' && beginsMs > facts.nowMs) return undefined;
  const { mutedUntilMs } = customer;
  const muted = mutedUntilMs !== undefined && mutedUntilMs > beginsMs ? mutedUntilMs : undefined;
  const calm = customer.calm && fitsFrom(customer.displaysMs, customer.calm, beginsMs);
  const quiet = latest(quietHoursOf(grant, customer).map((hours) => quietUntil(hours, beginsMs)));
  const from = latest([muted, calm, quiet]);
  if (from === undefined) return undefined;
  // Without a time: how far off it is would tell which of them it was.
  if (scopes.engagement !== 'individual') return refuse('message.not_now');
  const code =
    muted !== undefined
      ? 'message.muted'
      : calm !== undefined
        ? 'message.calm_budget'
        : ('message.quiet_hours' as const);
  return refuse(code, from);
};

/** Taken now, shown later: the sender asked for it, or caps on displays ask for it. */
const mayBeShownNow: Rule = (facts) => {
  const { message, nowMs } = facts;
  // To put it off for what was displayed would tell what was: without consent the feed alone keeps to those caps.
  const caps = facts.scopes.engagement === 'individual' ? capsFor(facts.grant, message, 'displayed') : [];
  const shown = caps.map(({ cap, times }) => fitsFrom(times(facts.displayed), cap, nowMs));
  const beginsMs = beginOf(facts);
  const from = latest([beginsMs > nowMs ? beginsMs : undefined, ...shown]);
  if (from === undefined) return undefined;
  return from < Date.parse(message.expiresAt)
    ? { kind: 'deferred', nextEligibleAtMs: from }
    : refuse('message.cap', from);
};

/** In this order. */
export const PLACING_RULES: Readonly<Record<string, Rule>> = {
  slotIsOpen,
  customerConsented,
  slotTakesIt,
  itsTimeIsRight,
  customersAreAnswered,
  thereIsRoom,
  withinCaps,
  accountAllowsIt,
  customerIsOpen,
  mayBeShownNow,
};

function beginOf({ message: { notBefore }, nowMs }: PlacingFacts): number {
  return notBefore === undefined ? nowMs : Math.max(nowMs, Date.parse(notBefore));
}

export function placeMessage(facts: PlacingFacts): Placing {
  const { grant } = facts;
  if (grant === undefined) return refuse('slot.unknown');
  for (const rule of Object.values(PLACING_RULES)) {
    const objection = rule({ ...facts, grant });
    if (objection !== undefined) return objection;
  }
  return { kind: 'placed' };
}

/** A time told to the other side, rounded up to the hour: to the minute it would tell of the customer's habits. */
export function roundUpToHour(timeMs: number): number {
  return Math.ceil(timeMs / 3_600_000) * 3_600_000;
}

/** An image that the slot takes, with words in every language; or neither. */
function imageFits(grant: SlotGrant, { texts }: SlotMessageBody, image: PlacingFacts['image']): boolean {
  if (image === undefined) return texts.every(({ imageAlt }) => imageAlt === undefined);
  if (!IMAGE_TYPES.some((type) => type === image.type) || image.size > (grant.imageMaxBytes ?? 0))
    return false;
  return texts.every(({ imageAlt }) => imageAlt !== undefined);
}

/** Whether a vault that shows these languages can show this one: `fr` speaks `fr-CA`, and the other way round. */
function speaks(locales: readonly string[], language: string): boolean {
  const base = (tag: string) => tag.split('-')[0];
  return locales.some((locale) => base(locale) === base(language));
}

/** Characters as people count them: code points. */
function charsOf(text: string): number {
  return [...text].length;
}
