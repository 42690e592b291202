import { type Tx, together } from '../db/index.ts';
import type { ActHandler, InboundItem, Verdict } from '../exchange/index.ts';
import type { Placement } from '../ledger/index.ts';
import type { RefusalCode } from '../protocol/refusal.ts';
import { IMAGE_MAX_BYTES, type SlotMessageBody, type SlotWithdrawBody } from '../protocol/slot/message.ts';
import { type Placing, placeMessage, roundUpToHour } from '../protocol/slot/placing.ts';
import { windowMs } from '../protocol/slot/windows.ts';
import { newUuidV7 } from '../random.ts';
import { lockContacts, NO_WISHES, readMutes } from './contact-store.ts';
import type { SlotDeps } from './deps.ts';
import { readOverdue } from './dialogue/waiting-store.ts';
import { readDisplays } from './display-store.ts';
import { factsOf, grantOf, LEASE_MS, lookBackMs, REPORT_MS } from './facts.ts';
import {
  endHosted,
  type HostedContact,
  type HostedMessage,
  insertHosted,
  markSeenBefore,
  type NamedMessage,
  namedKey,
  readContacts,
  readNamed,
  readSlotStates,
  slotKey,
} from './hosting-store.ts';
import { readImageSize } from './image.ts';

const bodyOf = (item: InboundItem) => item.manifest.body as unknown as SlotMessageBody;
const customerOf = (item: InboundItem) => item.link?.customerId as string;
const contactKey = (contact: { customerId: string; iss: string }) => `${contact.customerId} ${contact.iss}`;

/**
 * `slot.message` at the host. Contacts with a customer are counted under that customer's lock, and within a batch one
 * after the other, so that a cap is never exceeded, over however many connections and replicas.
 */
export function createMessageHandler(deps: Pick<SlotDeps, 'registry' | 'ledger'>): ActHandler {
  const eligibleAt = new WeakMap<InboundItem, Date>();

  async function readAll(tx: Tx, items: readonly InboundItem[], host: string) {
    const customers = items.map(customerOf);
    const nowMs = items[0]?.decidedAt.getTime() ?? 0;
    const wishes = await lockContacts(tx, customers);
    const asked = new Map<string, { customerId: string; iss: string; since: Date }>();
    for (const item of items) {
      const { iss, decidedAt } = item;
      const grant = grantOf(item.agreement, host, bodyOf(item).slot);
      const since = new Date(decidedAt.getTime() - lookBackMs(grant));
      const one = { customerId: customerOf(item), iss, since };
      const known = asked.get(contactKey(one));
      if (known === undefined || since < known.since) asked.set(contactKey(one), one);
    }
    const looks = [...wishes].map(([customerId, { calm }]) => {
      const ofCustomer = [...asked.values()].filter((one) => one.customerId === customerId);
      const sinceMs = Math.min(
        ...ofCustomer.map(({ since }) => since.getTime()),
        nowMs - (calm ? windowMs(calm) : 0),
      );
      return { customerId, since: new Date(sinceMs - LEASE_MS - REPORT_MS) };
    });
    // They leave in this order: accounts are locked after customers, always, and whoever holds one waits for nobody.
    const [contacts, displays, mutes, states, named, overdue, books] = await together([
      readContacts(tx, [...asked.values()]),
      readDisplays(tx, looks),
      readMutes(tx.client, customers),
      readSlotStates(tx.client, [...new Set(items.map(({ iss }) => iss))]),
      readNamed(tx, items.flatMap(namesOf)),
      readOverdue(tx, offering(items)),
      deps.ledger.host.open(tx, items.map(placementOf)),
    ]);
    return {
      wishes,
      contacts: Map.groupBy(contacts, contactKey),
      displays: Map.groupBy(displays, ({ customerId }) => customerId),
      mutes,
      states,
      named,
      overdue,
      books,
    };
  }

  return {
    act: 'slot.message',
    content: 'optional',
    maxContentBytes: IMAGE_MAX_BYTES,
    inspect: (content, manifest) =>
      readImageSize(content, manifest.content?.type ?? '') === undefined ? 'message.image' : undefined,
    link: 'required',
    agreement: 'required',
    whilePaused: 'close',
    async judge(tx, items) {
      const host = deps.registry.self.entityId;
      const { wishes, contacts, displays, mutes, states, named, overdue, books } = await readAll(
        tx,
        items,
        host,
      );
      return items.map((item): Verdict => {
        const unfit = refuseForNamed(item, named);
        if (unfit !== undefined) return { refusal: unfit };
        const placement = placementOf(item);
        if (books.isLate(placement)) return { refusal: 'exchange.in_progress' };
        const key = contactKey({ customerId: customerOf(item), iss: item.iss });
        const known = contacts.get(key) ?? [];
        // One that another replica has taken meanwhile counts once.
        const others = known.filter(({ jti }) => jti !== item.jti);
        const { slot } = bodyOf(item);
        const placing = placeMessage(
          factsOf({
            item,
            host,
            grant: grantOf(item.agreement, host, slot),
            state: states.get(slotKey({ peer: item.iss, slot })),
            contacts: others,
            displays: displays.get(customerOf(item)) ?? [],
            wishes: wishes.get(customerOf(item)) ?? NO_WISHES,
            mutes: mutes.get(customerOf(item)) ?? [],
            humanOverdue: overdue.has(item.iss),
            account: books.facts(placement),
          }),
        );
        if (placing.kind !== 'refused') {
          contacts.set(key, [...endReplaced(others, item), contactOf(item)]);
          endNamed(item, named);
          books.take(placement);
          eligibleAt.set(item, eligibleFrom(placing, item));
        }
        return verdictOf(placing);
      });
    },
    async apply(tx, items) {
      const replaced = items.flatMap((item) => {
        const { replaces } = bodyOf(item);
        return replaces === undefined ? [] : [{ iss: item.iss, jti: replaces, at: item.decidedAt }];
      });
      await together([
        insertHosted(
          tx,
          items.map((item) => hostedOf(item, eligibleAt.get(item) ?? item.decidedAt)),
        ),
        endHosted(tx, replaced, 'replaced'),
        deps.ledger.host.post(tx, items.map(placementOf)),
      ]);
      await markSeenBefore(
        tx,
        items.filter((item) => bodyOf(item).replaces !== undefined),
      );
    },
  };
}

/** `slot.withdraw` at the host: the message is over. */
export function createWithdrawHandler(deps: Pick<SlotDeps, 'ledger'>): ActHandler {
  const nameOf = (item: InboundItem) => ({
    iss: item.iss,
    jti: (item.manifest.body as unknown as SlotWithdrawBody).message,
  });
  return {
    act: 'slot.withdraw',
    content: 'none',
    link: 'none',
    async judge(tx, items) {
      const named = await readNamed(tx, items.map(nameOf));
      return items.map((item): Verdict | undefined => {
        const message = named.get(namedKey(nameOf(item)));
        return message === undefined || message.linkId !== item.claims.sub
          ? { refusal: 'exchange.unknown' }
          : undefined;
      });
    },
    async apply(tx, items) {
      const ended = await endHosted(
        tx,
        items.map((item) => ({ ...nameOf(item), at: item.decidedAt })),
        'withdrawn',
      );
      const unseen = ended.filter(({ endedAt, eligibleAt }) => endedAt < eligibleAt);
      await deps.ledger.host.giveBack(
        tx,
        unseen.map(({ iss, jti }) => ({ peer: iss, exchange: jti })),
      );
    },
  };
}

/** Guests who offer something: nobody else is asked whether their customers wait. */
function offering(items: readonly InboundItem[]): string[] {
  return [...new Set(items.filter((item) => bodyOf(item).category === 'offer').map(({ iss }) => iss))];
}

function placementOf(item: InboundItem): Placement {
  const { category, replaces } = bodyOf(item);
  const { jti: exchange, iss: peer, agreement, decidedAt: at } = item;
  if (agreement === undefined) throw new Error('a message under no agreement');
  return { exchange, peer, agreement, category, edit: replaces !== undefined, at };
}

function namesOf(item: InboundItem): { iss: string; jti: string }[] {
  const { replaces, thread } = bodyOf(item);
  return [replaces, thread].flatMap((jti) => (jti === undefined ? [] : [{ iss: item.iss, jti }]));
}

/** What it names may be on its way; what it replaces has to be there, and alive. */
function refuseForNamed(
  item: InboundItem,
  named: ReadonlyMap<string, NamedMessage>,
): RefusalCode | undefined {
  const { replaces, thread, slot, category } = bodyOf(item);
  const find = (jti: string) => {
    const message = named.get(namedKey({ iss: item.iss, jti }));
    return message?.linkId === item.claims.sub ? message : undefined;
  };
  if (thread !== undefined && find(thread) === undefined) return 'exchange.unknown';
  if (replaces === undefined) return undefined;
  const before = find(replaces);
  if (before === undefined) return 'exchange.unknown';
  if (before.over) return 'message.ended';
  return before.slot === slot && before.category === category ? undefined : 'message.edit';
}

/** Of two edits of one message the first one counts. */
function endNamed(item: InboundItem, named: Map<string, NamedMessage>): void {
  const { replaces } = bodyOf(item);
  const key = replaces && namedKey({ iss: item.iss, jti: replaces });
  const before = key === undefined ? undefined : named.get(key);
  if (key !== undefined && before !== undefined) named.set(key, { ...before, over: true });
}

function endReplaced(contacts: readonly HostedContact[], item: InboundItem): HostedContact[] {
  const { replaces } = bodyOf(item);
  return contacts.map((one) => (one.jti === replaces ? { ...one, ended: true } : one));
}

function hostedOf(item: InboundItem, eligibleAt: Date): HostedMessage {
  const { slot, category, priority, thread, replaces, expiresAt } = bodyOf(item);
  return {
    id: newUuidV7(),
    iss: item.iss,
    jti: item.jti,
    linkId: item.claims.sub as string,
    customerId: customerOf(item),
    agreement: item.agreement?.id as string,
    slot,
    category,
    priority,
    bodyId: item.bodyId,
    thread: thread ?? null,
    replaces: replaces ?? null,
    placedAt: item.decidedAt,
    eligibleAt,
    expiresAt: new Date(expiresAt),
  };
}

function contactOf(item: InboundItem): HostedContact {
  const { slot, category, replaces, expiresAt } = bodyOf(item);
  return {
    customerId: customerOf(item),
    iss: item.iss,
    jti: item.jti,
    slot,
    category,
    edit: replaces !== undefined,
    placedAtMs: item.decidedAt.getTime(),
    expiresAtMs: Date.parse(expiresAt),
    ended: false,
  };
}

function eligibleFrom(placing: Placing, item: InboundItem): Date {
  return placing.kind === 'deferred' ? new Date(placing.nextEligibleAtMs) : item.decidedAt;
}

function verdictOf(placing: Placing): Verdict {
  if (placing.kind === 'placed') return { outcome: 'placed' };
  const from = placing.nextEligibleAtMs;
  return {
    ...(placing.kind === 'deferred' ? { outcome: 'deferred' as const } : { refusal: placing.code }),
    ...(from !== undefined && { nextEligibleAt: new Date(roundUpToHour(from)).toISOString() }),
  };
}
