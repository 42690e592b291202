import pg from 'pg';
import type { Test } from 'tap';
import { v7 as uuidV7 } from 'uuid';
import { lockBook } from '../../src/agreements/book-store.ts';
import { versionOfProposal } from '../../src/agreements/proposal.ts';
import { writeChanges } from '../../src/agreements/store.ts';
import type { Tx } from '../../src/db/index.ts';
import type { Side, VersionState } from '../../src/protocol/agreement/book.ts';
import type { AgreementProposeBody } from '../../src/protocol/agreement/terms.ts';
import { sha256, sha256Bytes } from '../../src/protocol/digest.ts';
import { verifyEntityConfiguration } from '../../src/protocol/entity-configuration.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { applyConfiguration } from '../../src/registry/apply-configuration.ts';
import type { PeerState } from '../../src/registry/index.ts';
import { bumpVersion } from '../../src/registry/own-keys/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually, startTestNode, type TestNode } from '../support/node.ts';

/** What refusals.json says of the node that is asked. */
export type RecipientState = {
  entityId: string;
  /** Unix seconds. */
  now: number;
  peers: { entityId: string; state: PeerState; pinned: string; configurations: string[] }[];
  links: {
    id: string;
    peer: string;
    state: LinkState;
    scopes: Record<string, object>;
    wishes?: {
      mutedUntil?: string;
      calm?: { max: number; per: number; unit: string };
      quiet?: { from: string; to: string; zone: string };
    };
  }[];
  /** Attempts to link that customers of the recipient started; `account`: the one of that link. */
  linksStarted: {
    id: string;
    peer: string;
    token: string;
    scopes: Record<string, object>;
    expiresAt: number;
    account?: string;
  }[];
  agreements: {
    peer: string;
    id: string;
    proposer: Side;
    state: VersionState;
    manifest: string;
    agreedAt?: string;
  }[];
  /** `agreement`: its first version. */
  terminations: { agreement: string; by: Side; noticedAt: string; endsAt: string }[];
  slots: { peer: string; slot: string; paused: boolean; failures: number }[];
  words: { peer: string; jti: string; link: string; at: string; due: string }[];
  displays: { id: string; link: string; agreement: string; slot: string; category: string; at: string }[];
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

type LinkState = 'active' | 'pending' | 'paused' | 'restorable' | 'revoked' | 'erased';

/** A node in the state described, whose clock and whose database's clock stand still at its present. */
export async function startRecipient(
  t: Test,
  state: RecipientState,
  env: Record<string, string> = {},
  databaseUrl: (database: TestDatabase) => Promise<string> = async ({ url }) => url,
): Promise<{ node: TestNode; database: TestDatabase }> {
  const database = await createTestDatabase(t);
  await stopDatabaseClock(database, state.now);
  const node = await startTestNode(t, {
    clock: { nowMs: () => state.now * 1000 },
    env: {
      DATABASE_URL: await databaseUrl(database),
      INTERVAULT_PUBLIC_URL: state.entityId,
      INTERVAULT_ADDRESS_RATE_PER_MIN: '1000000',
      ...env,
    },
  });
  for (const peer of state.peers) await addPeer(node, peer);
  for (const link of state.links) await addLink(node, state, link);
  for (const started of state.linksStarted) await addStarted(node, state, started);
  for (const agreement of state.agreements) await addAgreement(node, agreement);
  for (const termination of state.terminations) await addTermination(node, state, termination);
  for (const slot of state.slots) await addSlot(node, state, slot);
  for (const display of state.displays) await addDisplay(node, display);
  for (const word of state.words) await addWord(node, state, word);
  await eventually(async () =>
    state.peers.every((peer) => node.registry.peer(peer.entityId)?.state === peer.state),
  );
  return { node, database };
}

/** Functions of the same name that are found first: the program asks the database what time it is. */
async function stopDatabaseClock(database: TestDatabase, now: number): Promise<void> {
  await administer(database, async (client) => {
    for (const name of ['now', 'clock_timestamp']) {
      await client.query(
        `create function public.${name}() returns timestamptz language sql stable as 'select to_timestamp(${now})'`,
      );
    }
    await client.query(`alter database "${database.name}" set search_path = public, pg_catalog`);
  });
}

export async function administer(
  { url }: TestDatabase,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const silent = { info: () => {}, warn: () => {}, error: () => {} };

async function addPeer(node: TestNode, peer: RecipientState['peers'][number]): Promise<void> {
  for (const token of peer.configurations) {
    const { iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const verified = await verifyEntityConfiguration(token, {
      entityId: peer.entityId,
      isTrusted: (kid) => kid === peer.pinned,
      now: iat,
    });
    if (!verified.ok) throw new Error(`a configuration in the vectors is refused: ${verified.reason}`);
    await node.db.transact(async (tx) => {
      const deps = { attest: async () => {}, log: silent, keyPublishS: 3600 };
      const change = { state: peer.state, pinSignerOnly: true } as const;
      await applyConfiguration(tx, deps, verified.configuration, change);
      await bumpVersion(tx);
    });
  }
}

async function addLink(
  node: TestNode,
  { entityId, now }: RecipientState,
  link: RecipientState['links'][number],
): Promise<void> {
  const isRevoked = link.state === 'revoked' || link.state === 'restorable';
  await node.db.transact(async ({ kysely, client }) => {
    const customerId = await addCustomer(kysely, link.id);
    await addWishes(client, customerId, link);
    await kysely
      .insertInto('links')
      .values({
        id: link.id,
        peer: link.peer,
        customer_id: customerId,
        initiated_by: 'self',
        erased_at: link.state === 'erased' ? new Date(now * 1000) : null,
      })
      .execute();
    const owners = link.state === 'pending' ? (['self'] as const) : (['self', 'peer'] as const);
    for (const owner of owners) {
      await kysely
        .insertInto('link_halves')
        .values({
          link_id: link.id,
          owner,
          rev: 1,
          state:
            owner === 'peer'
              ? 'active'
              : isRevoked
                ? 'revoked'
                : link.state === 'paused'
                  ? 'paused'
                  : 'active',
          scopes: JSON.stringify(link.scopes),
          consent: null,
          restorable_until: link.state === 'restorable' ? new Date((now + 86_400) * 1000) : null,
        })
        .execute();
    }
  });
  if (!Object.hasOwn(link.scopes, entityId)) throw new Error('a link that grants its recipient nothing');
}

async function addWishes(
  client: pg.ClientBase,
  customerId: string,
  { peer, wishes }: RecipientState['links'][number],
): Promise<void> {
  const { mutedUntil, calm, quiet } = wishes ?? {};
  if (mutedUntil !== undefined) {
    await client.query('insert into customer_mutes (customer_id, peer, until) values ($1, $2, $3)', [
      customerId,
      peer,
      mutedUntil === 'always' ? null : mutedUntil,
    ]);
  }
  if (calm === undefined && quiet === undefined) return;
  await client.query(
    `insert into customer_contact (customer_id, calm_max, calm_per, calm_unit, quiet_from, quiet_to, quiet_zone)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [customerId, calm?.max, calm?.per, calm?.unit, quiet?.from, quiet?.to, quiet?.zone],
  );
}

async function addCustomer(kysely: Tx['kysely'], reference: string): Promise<string> {
  const id = uuidV7();
  await kysely.insertInto('customers').values({ id, reference }).execute();
  return id;
}

async function addStarted(
  node: TestNode,
  { now }: RecipientState,
  started: RecipientState['linksStarted'][number],
): Promise<void> {
  await node.db.transact(async ({ kysely, client }) => {
    const { rows } = await client.query<{ id: string }>('select id from customers where reference = $1', [
      started.account ?? '',
    ]);
    await kysely
      .insertInto('link_offers')
      .values({
        link_id: started.id,
        peer: started.peer,
        customer_id: rows[0]?.id ?? (await addCustomer(kysely, started.id)),
        session_sha256: sha256Bytes('session'),
        token_sha256: sha256Bytes(started.token),
        scopes: JSON.stringify(started.scopes),
        consent: '{}',
        state: 'open',
        code_sha256: null,
        created_at: new Date((now - 60) * 1000),
        expires_at: new Date(started.expiresAt * 1000),
        redeemed_at: null,
        ended_at: null,
      })
      .execute();
  });
}

async function addAgreement(
  node: TestNode,
  { peer, id, proposer, state, manifest, agreedAt }: RecipientState['agreements'][number],
): Promise<void> {
  const parsed = parseManifest(Buffer.from(manifest), 'agreement.propose');
  if (!parsed.ok) throw new Error(`a proposal in the vectors is refused: ${parsed.detail}`);
  if (sha256(manifest) !== id) throw new Error('a version that is not the digest of its manifest');
  const body = parsed.manifest.body as unknown as AgreementProposeBody;
  await node.db.transact(async (tx) => {
    const { book } = await lockBook(tx, peer);
    const version = versionOfProposal(book, id, proposer, body);
    const text = { declines: body.declines ?? null, note: body.note ?? null, terms: body.terms };
    const became = { id, state, ...(agreedAt !== undefined && { agreedAtMs: Date.parse(agreedAt) }) };
    await writeChanges(
      tx,
      peer,
      [
        { kind: 'add', version },
        { kind: 'state', ...became },
      ],
      { at: new Date(body.rev), text },
    );
  });
}

async function addTermination(
  node: TestNode,
  { agreements }: RecipientState,
  { agreement, by, noticedAt, endsAt }: RecipientState['terminations'][number],
): Promise<void> {
  const { peer } = agreements.find(({ id }) => id === agreement) ?? {};
  if (peer === undefined) throw new Error('a termination of no agreement');
  const termination = {
    root: agreement,
    by,
    noticedAtMs: Date.parse(noticedAt),
    endsAtMs: Date.parse(endsAt),
  };
  await node.db.transact((tx) =>
    writeChanges(tx, peer, [{ kind: 'terminate', termination }], { at: new Date(termination.noticedAtMs) }),
  );
}

async function addSlot(
  node: TestNode,
  { now }: RecipientState,
  { peer, slot, paused, failures }: RecipientState['slots'][number],
): Promise<void> {
  await node.db.transact(({ client }) =>
    client.query('insert into hosted_slots (peer, slot, paused_at, human_failures) values ($1, $2, $3, $4)', [
      peer,
      slot,
      paused ? new Date(now * 1000) : null,
      failures,
    ]),
  );
}

async function addDisplay(
  node: TestNode,
  { id: jti, link, agreement, slot, category, at }: RecipientState['displays'][number],
): Promise<void> {
  const [id, displayedAt] = [uuidV7(), new Date(at)];
  await node.db.transact(async ({ client }) => {
    await client.query(
      `insert into hosted_messages (id, iss, jti, link_id, customer_id, agreement, slot, category, priority, body_id,
         placed_at, eligible_at, expires_at)
       select $1, peer, $2, id, customer_id, $4, $5, $6, 'normal', $1, $7, $7, $8 from links where id = $3`,
      [
        id,
        jti,
        link,
        agreement,
        slot,
        category,
        new Date(displayedAt.getTime() - HOUR_MS),
        new Date(displayedAt.getTime() + MINUTE_MS),
      ],
    );
    await client.query(
      `insert into message_displays (message_id, customer_id, iss, slot, category, leased_at, leased_until, displayed_at)
       select id, customer_id, iss, slot, category, $2, $3, $2 from hosted_messages where id = $1`,
      [id, displayedAt, new Date(displayedAt.getTime() + MINUTE_MS)],
    );
  });
}

async function addWord(
  node: TestNode,
  state: RecipientState,
  { peer, jti, link, at, due }: RecipientState['words'][number],
): Promise<void> {
  await node.db.transact(({ client }) =>
    client.query(
      `insert into replies (iss, jti, peer, link_id, customer_id, thread, said_by, kind, body_id, at, state, decided_at,
         human_due_at)
       select $1, $2, $3, id, customer_id, $2, 'customer', 'ask_human', $2, $5, 'accepted', $5, $6 from links where id = $4`,
      [state.entityId, jti, peer, link, new Date(at), new Date(due)],
    ),
  );
}
