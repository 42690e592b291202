import { v7 as uuidV7 } from 'uuid';
import type { AgreementTerms, SlotGrant } from '../../src/protocol/agreement/terms.ts';
import { sha256 } from '../../src/protocol/digest.ts';
import type { BenchNode } from '../bench-node.ts';
import type { Bench } from '../context.ts';
import { type GuestPlan, LINK_URL } from './messages.ts';

/** How many there are of each. */
export type Size = {
  customers: number;
  /** Guests with a link to every customer. */
  guests: number;
  /** Guests in all; the others have a few customers each. */
  pairs: number;
  customersOfOther: number;
  /** Messages of one guest that a customer has in the slot that is filled. */
  capacity: number;
};

/** `full`: 1,000 customers x 20 guests x 50 messages, and 1,000 pairs. */
export function sizeOf({ options }: Bench): Size {
  return options.quick
    ? { customers: 40, guests: 4, pairs: 12, customersOfOther: 5, capacity: 50 }
    : { customers: 1_000, guests: 20, pairs: 1_000, customersOfOther: 20, capacity: 50 };
}

/** Messages lie in the one; those of timed rounds come into the other. */
export const FILLED_SLOT = 'home-card';
export const TIMED_SLOT = 'inbox';

export type Setting = {
  customers: readonly string[];
  /** In their order at the load generator. */
  guests: readonly GuestPlan[];
};

const CATEGORIES = ['service', 'advice', 'offer', 'survey'] as const;
const PLENTY = 1_000;
const ADDED_AT_ONCE = 16;

/** Makes the node the host of guests: peers, agreements, customers with wishes of their own, and their links. */
export async function host(bench: Bench, node: BenchNode, entityIds: readonly string[]): Promise<Setting> {
  const size = sizeOf(bench);
  bench.say(`${node.name}: ${entityIds.length} guests, ${size.customers} customers`);
  const { pin } = bench.peer;
  await node.child().ask('addPeer', { url: bench.peer.entityId, pin });
  const adding = entityIds.values();
  await Promise.all(
    Array.from({ length: ADDED_AT_ONCE }, async () => {
      for (const url of adding) await node.child().ask('addPeer', { url, pin });
    }),
  );
  const customers = Array.from({ length: size.customers }, () => uuidV7());
  await seedCustomers(node, customers, bench.peer.entityId);
  const guests = entityIds.map((entityId, at): GuestPlan & { of: readonly string[] } => {
    const few = Array.from(
      { length: size.customersOfOther },
      (_, k) => customers[(at * size.customersOfOther + k) % customers.length] as string,
    );
    const of = at < size.guests ? customers : few;
    return { entityId, agreement: sha256(`${node.url} ${entityId}`), links: of.map(() => uuidV7()), of };
  });
  for (const guest of guests) await seedGuest(node, guest);
  await node.pool.query('vacuum analyze');
  return { customers, guests: guests.map(({ of: _, ...guest }) => guest) };
}

/** Each wants calm and quiet, and has muted somebody else. */
async function seedCustomers(node: BenchNode, customers: readonly string[], muted: string): Promise<void> {
  await node.pool.query(
    'insert into customers (id, reference) select id, id::text from unnest($1::uuid[]) as c (id)',
    [customers],
  );
  await node.pool.query(
    `insert into customer_contact (customer_id, locale, zone, calm_max, calm_per, calm_unit, quiet_from, quiet_to, quiet_zone)
     select id, 'fr', 'Etc/UTC', ${PLENTY}, 1, 'week', $2, $3, 'Etc/UTC' from unnest($1::uuid[]) as c (id)`,
    [customers, ...farFromNow()],
  );
  await node.pool.query(
    'insert into customer_mutes (customer_id, peer) select id, $2 from unnest($1::uuid[]) as c (id)',
    [customers, muted],
  );
}

async function seedGuest(node: BenchNode, guest: GuestPlan & { of: readonly string[] }): Promise<void> {
  const { entityId, agreement, links, of } = guest;
  await node.pool.query('insert into agreement_books (peer) values ($1)', [entityId]);
  await node.pool.query(
    `insert into agreement_versions (id, peer, proposer, rev, root, state, terms, effective_from, drain_days, notice_days,
       proposed_at, expires_at, agreed_at, changed_at)
     values ($1, $2, 'peer', 1, $1, 'agreed', $3, now() - interval '1 day', 14, 90, now(), now() + interval '1 day', now(), now())`,
    [agreement, entityId, JSON.stringify(termsBetween(node.url, entityId))],
  );
  const scopes = { documents: [], contact: CATEGORIES, engagement: 'individual', readReceipts: false };
  await node.pool.query(
    `with l as (
       insert into links (id, peer, customer_id, initiated_by)
       select id, $3, customer, 'peer' from unnest($1::uuid[], $2::uuid[]) as t (id, customer) returning id)
     insert into link_halves (link_id, owner, rev, state, scopes)
     select l.id, owner, 1, 'active', $4::jsonb from l, unnest(array['self', 'peer']) as o (owner)`,
    [links, of, entityId, JSON.stringify({ [node.url]: scopes, [entityId]: scopes })],
  );
}

/** Every kind of rule there is, none of which ever refuses. */
function termsBetween(node: string, guest: string): AgreementTerms {
  const caps = (['category', 'slot', 'guest'] as const).flatMap((scope) =>
    (['placed', 'displayed'] as const).map((counts) => ({
      scope,
      max: PLENTY,
      per: 1,
      unit: 'week' as const,
      counts,
    })),
  );
  const [from, to] = farFromNow();
  const grant = (slot: string, placement: SlotGrant['placement']): SlotGrant => ({
    slot,
    placement,
    categories: [...CATEGORIES],
    locales: ['fr', 'en'],
    capacity: 50,
    caps,
    quietHours: { from, to, zone: 'Etc/UTC' },
    human: { kind: 'thread' },
    links: [LINK_URL],
    titleMaxChars: 80,
    bodyMaxChars: 2_000,
  });
  return {
    effectiveFrom: '2026-01-01T00:00:00Z',
    drainDays: 14,
    noticeDays: 90,
    hosts: { [node]: { slots: [grant(FILLED_SLOT, 'home'), grant(TIMED_SLOT, 'inbox')] }, [guest]: {} },
    weights: { service: 0, advice: 1, offer: 3, survey: 2 },
    imbalance: { tolerance: 1_000_000_000, policy: 'throttle', serviceFloorPerMonth: 10 },
    answers: { humanHours: 48 },
    statement: { period: 'month' },
  };
}

/** An hour, UTC, that no run comes near. */
function farFromNow(): [from: string, to: string] {
  const hour = (new Date().getUTCHours() + 12) % 24;
  const wallClock = (at: number) => `${String(at % 24).padStart(2, '0')}:00`;
  return [wallClock(hour), wallClock(hour + 1)];
}
