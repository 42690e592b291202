import type pg from 'pg';
import { type ByIds, type Database, queryByIds, type Tx } from '../db/index.ts';
import type { LinkGate, LinkView } from '../exchange/index.ts';
import { effectiveLinkState, type LinkHalfState } from '../protocol/link-half.ts';
import { intersectScopes, type LinkScopesByHost } from '../protocol/link-scopes.ts';

type HalfRow = {
  id: string;
  peer: string;
  customer_id: string | null;
  erased_at: Date | null;
  state: LinkHalfState;
  /** JSON, as the database writes it. */
  scopes: string;
  restorable: boolean;
};

const select = (ids: string) => `
  select l.id, l.peer, l.customer_id, l.erased_at, h.state, h.scopes::text as scopes,
    (h.restorable_until is not null and h.restorable_until > now()) as restorable
  from links l join link_halves h on h.link_id = l.id
  where l.id = any(${ids}) order by l.id, h.owner`;

const LOCK = { name: 'links-lock', text: (ids: string) => `${select(ids)} for share of h` };
const READ = { name: 'links-read', text: select };

/** What other rooms ask of links: the effective state and scopes, both halves taken together. */
export function createLinkGate(db: Database): LinkGate {
  return {
    lock: (tx: Tx, ids) => views(tx.client, LOCK, ids),
    read: (ids) => db.withClient((client) => views(client, READ, ids)),
  };
}

async function views(client: pg.ClientBase, statement: ByIds, ids: string[]): Promise<Map<string, LinkView>> {
  const rows = await queryByIds<HalfRow>(client, statement, ids);
  const halves = new Map<string, HalfRow[]>();
  for (const row of rows) {
    const known = halves.get(row.id);
    if (known === undefined) halves.set(row.id, [row]);
    else known.push(row);
  }
  return new Map([...halves].map(([id, both]) => [id, viewOf(id, both)]));
}

function viewOf(id: string, halves: HalfRow[]): LinkView {
  const [first, second] = halves as [HalfRow, HalfRow | undefined];
  return {
    id,
    peer: first.peer,
    customerId: first.customer_id,
    state: effectiveLinkState(
      halves.map((half) => ({ state: half.state, restorable: half.restorable })),
      first.erased_at !== null,
    ),
    scopes: second === undefined ? {} : scopesOf(first.scopes, second.scopes),
  };
}

/** Links are many and what customers agree to is mostly the same, so that what was worked out lately serves again. */
const intersections = new Map<string, Readonly<LinkScopesByHost>>();
const MAX_INTERSECTIONS = 1_000;

function scopesOf(first: string, second: string): Readonly<LinkScopesByHost> {
  const key = `${first}\n${second}`;
  let both = intersections.get(key);
  if (both === undefined) {
    both = Object.freeze(intersectScopes(JSON.parse(first), JSON.parse(second)));
    if (intersections.size >= MAX_INTERSECTIONS) intersections.clear();
    intersections.set(key, both);
  }
  return both;
}
