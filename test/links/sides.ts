import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import { systemClock } from '../../src/clock.ts';
import { createDatabase, createPools, type Database, type Tx } from '../../src/db/index.ts';
import { createEvidence } from '../../src/evidence/index.ts';
import type { ActHandler, InboundItem, OutcomeListener, Saying } from '../../src/exchange/index.ts';
import {
  createLinkGate,
  createLinkService,
  type LinkOptions,
  type LinkService,
} from '../../src/links/index.ts';
import type { ConsentGiven } from '../../src/protocol/consent-record.ts';
import type { EnvelopeClaims } from '../../src/protocol/envelope.ts';
import type { EntityId, ExchangeId } from '../../src/protocol/ids.ts';
import {
  createSigner,
  generateSigningKey,
  importPublicJwk,
  type Signer,
  type VerificationKey,
} from '../../src/protocol/jose/keys.ts';
import type { LinkScopesByHost } from '../../src/protocol/link-scopes.ts';
import { parseManifest } from '../../src/protocol/manifest.ts';
import { newUuidV7 } from '../../src/random.ts';
import { createTestDatabase } from '../support/database.ts';

export const A = 'https://a.example' as EntityId;
export const B = 'https://b.example' as EntityId;

export const CONSENT: ConsentGiven = {
  jurisdiction: 'FR',
  method: 'web',
  purposes: ['Receive documents in one place'],
  policyUrl: 'https://bank.example/privacy',
  services: ['Digital vault'],
  sensitive: false,
};

export const SCOPES: LinkScopesByHost = {
  [A]: {
    documents: ['billing.invoice', 'other'],
    contact: ['service'],
    engagement: 'aggregate',
    readReceipts: true,
  },
  [B]: { documents: ['payroll.payslip'], contact: ['service', 'offer'] },
};

/** An exchange one side staged, waiting for the test to deliver or lose it. */
type SaidDraft = Saying & { jti: ExchangeId };
export type InFlight = { draft: SaidDraft; from: Side; at: Date };

/** A side of links: its own database and service, and a mailbox in place of the exchange. */
export type Side = {
  readonly entityId: EntityId;
  readonly db: Database;
  readonly links: LinkService;
  readonly gate: ReturnType<typeof createLinkGate>;
  readonly signer: Signer;
  readonly sent: InFlight[];
  readonly hastened: string[][];
  readonly erasedBodies: string[];
  peerState: 'active' | 'suspended' | 'revoked';
  handler(act: string): ActHandler;
  listener(act: string): OutcomeListener;
  /** Waits until nothing is being announced. */
  settled(): Promise<void>;
  /** Makes time pass for what the database's clock ends. */
  age(sql: string): Promise<void>;
};

type Keys = { signer: Signer; key: VerificationKey };

function makeKeys(): Keys {
  const { privateKey, publicJwk } = generateSigningKey('EdDSA');
  const imported = importPublicJwk(publicJwk);
  if (!imported.ok) throw new Error(imported.reason);
  return { signer: createSigner(privateKey), key: imported.key };
}

export async function twoSides(t: Test, options: Partial<LinkOptions> = {}): Promise<{ a: Side; b: Side }> {
  const keys = new Map<string, Keys>([
    [A, makeKeys()],
    [B, makeKeys()],
  ]);
  return {
    a: await makeSide(t, { self: A, peer: B, keys, options }),
    b: await makeSide(t, { self: B, peer: A, keys, options }),
  };
}

async function makeSide(
  t: Test,
  given: { self: EntityId; peer: EntityId; keys: Map<string, Keys>; options: Partial<LinkOptions> },
): Promise<Side> {
  const { self, peer, keys } = given;
  const { url } = await createTestDatabase(t);
  const db = createDatabase(createPools({ connection: { connectionString: url }, size: 4 }));
  t.teardown(() => db.close());
  await db.transact((tx) =>
    tx.client.query(`insert into peers (entity_id, state, federation_endpoint) values ($1, 'active', $1)`, [
      peer,
    ]),
  );
  const own = keys.get(self) as Keys;
  const sent: InFlight[] = [];
  const hastened: string[][] = [];
  const erasedBodies: string[] = [];
  const state = { peer: 'active' as Side['peerState'] };
  const identity = {
    entityId: self,
    incarnation: 1,
    federating: true,
    signer: () => own.signer,
    verificationKey: () => own.key,
  };
  const view = (id: string) =>
    id !== peer
      ? undefined
      : {
          entityId: peer,
          state: state.peer,
          federationEndpoint: peer,
          endpoint: { origin: peer, path: '' },
          organizationName: `Organisation of ${peer}`,
          linkPage: `${peer}/link`,
          limits: {},
          capabilities: [],
          configurationSha256: undefined,
          configurationExpiresAtMs: undefined,
          incarnation: 1,
        };
  let side: Side;
  const errors: unknown[] = [];
  t.teardown(() => {
    for (const error of errors) throw error;
  });
  const links = createLinkService({
    db,
    registry: {
      self: identity,
      peer: view,
      findKey: (id, kid) => {
        const known = keys.get(id)?.key;
        return known?.kid === kid && id === peer ? { key: known, status: 'current' } : undefined;
      },
      refetchUnknownKey: async () => false,
    },
    evidence: createEvidence({ db, clock: systemClock, identity: () => identity }),
    outbox: {
      hasten: async (_tx, changed) => {
        hastened.push([...changed.links]);
      },
    },
    keys: {
      wrap: (_id, key) => ({ kekId: 'kek', wrapped: Buffer.from(key).map((byte) => byte ^ 0xff) as Buffer }),
      unwrap: (_kek, _id, wrapped) => ({
        ok: true,
        key: Buffer.from(wrapped).map((byte) => byte ^ 0xff) as Buffer,
      }),
    } as Parameters<typeof createLinkService>[0]['keys'],
    exchange: () => ({
      outbound: {
        say: async (tx: Tx, sayings: readonly Saying[], at: Date) => {
          const drafts = sayings.map((saying) => ({ jti: newUuidV7() as ExchangeId, ...saying }));
          tx.afterCommit(() => sent.push(...drafts.map((draft) => ({ draft, from: side, at }))));
          return drafts.map(({ jti }) => jti);
        },
      },
    }),
    bodies: {
      erase: async (_tx: Tx, ids: string[]) => {
        erasedBodies.push(...ids);
      },
    } as unknown as Parameters<typeof createLinkService>[0]['bodies'],
    onErase: async () => {},
    onError: (error) => errors.push(error),
    options: {
      organizationName: `Organisation of ${self}`,
      restoreDays: 7,
      deliveryWindowS: 7 * 86_400,
      allowInsecure: false,
      announceRetry: { baseMs: 60_000, capMs: 3_600_000 },
      ...given.options,
    },
  });
  side = {
    entityId: self,
    db,
    links,
    gate: createLinkGate(db),
    signer: own.signer,
    sent,
    hastened,
    erasedBodies,
    get peerState() {
      return state.peer;
    },
    set peerState(to) {
      state.peer = to;
    },
    handler: (act) => links.handlers.find((handler) => handler.act === act) as ActHandler,
    listener: (act) => links.listeners.find((listener) => listener.act === act) as OutcomeListener,
    settled: () => links.sweeper.stop(),
    age: async (sql) => {
      await db.transact((tx) => tx.client.query(sql));
    },
  };
  return side;
}

export type Outcome = { refusal: string | undefined };

/** What the receiving side decides of an exchange, in a transaction of its own. `reply`: whether the sender learns it. */
export async function deliver(
  flight: InFlight | undefined,
  to: Side,
  how: { reply?: boolean; from?: EntityId } = {},
): Promise<Outcome> {
  if (flight === undefined) throw new Error('nothing was sent');
  const [outcome] = await deliverBatch([flight], to, how);
  return outcome as Outcome;
}

export async function deliverBatch(
  flights: readonly InFlight[],
  to: Side,
  how: { reply?: boolean; from?: EntityId } = {},
): Promise<Outcome[]> {
  const act = flights[0]?.draft.act as string;
  for (const { from, draft } of flights) {
    const at = from.sent.findIndex((sent) => sent.draft.jti === draft.jti);
    if (at >= 0) from.sent.splice(at, 1);
  }
  const handler = to.handler(act);
  const outcomes = await to.db.transact(async (tx) => {
    const { rows } = await tx.client.query(`select date_trunc('milliseconds', clock_timestamp()) as now`);
    const items = flights.map(({ draft, from }) => itemOf(draft, how.from ?? from.entityId, rows[0].now));
    const verdicts = (await handler.judge?.(tx, items)) ?? [];
    await handler.apply(
      tx,
      items.filter((_, at) => verdicts[at]?.refusal === undefined),
    );
    return items.map((_, at): Outcome => ({ refusal: verdicts[at]?.refusal }));
  });
  await to.settled();
  if (how.reply !== false) {
    for (const [at, { draft, from }] of flights.entries()) {
      const refusal = outcomes[at]?.refusal;
      await settle(
        from,
        draft,
        refusal === undefined ? { state: 'accepted' } : { state: 'rejected', reason: refusal },
      );
    }
  }
  return outcomes;
}

export async function settle(
  from: Side,
  draft: SaidDraft,
  how: { state: 'accepted' | 'rejected' | 'failed'; reason?: string },
): Promise<void> {
  await from.db.transact((tx) =>
    from.listener(draft.act).settled(tx, [
      {
        peer: draft.aud,
        jti: draft.jti,
        act: draft.act,
        state: how.state,
        reason: how.reason ?? null,
        settledAt: new Date(),
        decidedAt: undefined,
      },
    ]),
  );
  await from.settled();
}

function itemOf(draft: SaidDraft, iss: string, decidedAt: Date): InboundItem {
  const parsed = parseManifest(draft.manifest, draft.act);
  if (!parsed.ok) throw new Error(`${parsed.reason} ${parsed.detail}`);
  const claims = { iss, jti: draft.jti, act: draft.act, sub: draft.sub } as unknown as EnvelopeClaims;
  return {
    iss,
    jti: draft.jti,
    claims,
    manifest: parsed.manifest,
    bodyId: draft.jti,
    link: undefined,
    agreement: undefined,
    decidedAt,
  };
}

/** The newest exchange of an act that a side sent. */
export function lastSent(side: Side, act: string): InFlight | undefined {
  return side.sent.findLast((flight) => flight.draft.act === act);
}

export const session = () => randomBytes(8).toString('hex');

export function startAt(from: Side, to: Side, customer: string, how: { session?: string } = {}) {
  return from.links.start({
    customer,
    peer: to.entityId,
    scopes: SCOPES,
    holder: 'M. D••••',
    returnUrl: 'https://bank.example/return',
    consent: CONSENT,
    session: how.session ?? 'session-1',
  });
}

/** The customer agrees at the other side; resolves with the code. */
export async function redeemAt(at: Side, to: Side, token: string, customer: string): Promise<string> {
  const { linkId } = await at.links.redeem({ token, customer, consent: CONSENT, session: 'session-2' });
  const { refusal } = await deliver(lastSent(at, 'link.redeem'), to);
  if (refusal !== undefined) throw new Error(refusal);
  const status = await at.links.redemption(linkId, 'session-2');
  if (status.status !== 'confirmed') throw new Error(status.status);
  return status.code;
}

/** A link that is active on both sides. */
export async function linkUp(
  from: Side,
  to: Side,
  customers: { at: string; there: string } = { at: 'customer-at', there: 'customer-there' },
): Promise<string> {
  const { linkId, token } = await startAt(from, to, customers.at);
  const code = await redeemAt(to, from, token, customers.there);
  await from.links.complete({ linkId, customer: customers.at, session: 'session-1', code });
  await from.settled();
  await deliver(lastSent(from, 'link.half'), to);
  return linkId;
}

/** Delivers, in any order the test chooses, until neither side has anything more to say. */
export async function drain(a: Side, b: Side, pick: (count: number) => number = () => 0): Promise<void> {
  for (;;) {
    await a.settled();
    await b.settled();
    const waiting = [...a.sent, ...b.sent];
    if (waiting.length === 0) return;
    const flight = waiting[pick(waiting.length)] as InFlight;
    await deliver(flight, flight.from === a ? b : a);
  }
}
