import pg from 'pg';
import type { Test } from 'tap';
import { v7 as uuidV7 } from 'uuid';
import { versionOfProposal } from '../../src/agreements/proposal.ts';
import { lockBook, writeChanges } from '../../src/agreements/store.ts';
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
  links: { id: string; peer: string; state: LinkState; scopes: Record<string, object> }[];
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
};

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
  await node.db.transact(async ({ kysely }) => {
    const customerId = await addCustomer(kysely, link.id);
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
