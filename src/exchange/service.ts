import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Evidence, EvidenceRow } from '../evidence/index.ts';
import type { KeyStore } from '../keys/index.ts';
import type { Leased, Outbox, Prepared } from '../outbox/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { VerifySignature } from '../protocol/jose/signature.ts';
import type { Registry } from '../registry/index.ts';
import { createAcceptance, type Decision, type PreviewedExchange } from './accept.ts';
import type { ActHandler, AgreementGate, LinkGate, OutcomeListener, Verdict } from './acts.ts';
import type { BodyStore } from './bodies/body-store.ts';
import { createMemoryBudget, type MemoryBudget } from './bodies/memory-budget.ts';
import { type BodyReader, createBodyReader } from './bodies/reader.ts';
import { createSealer, type Sealer } from './bodies/sealer.ts';
import { createClosing } from './closing.ts';
import { createDelivery } from './deliver.ts';
import { createIntake } from './intake.ts';
import { createOutboundExchanges, type OutboundExchanges } from './outbound.ts';
import { createPeerCalls, type PeerCalls } from './peer-call.ts';
import { authenticatePeer, type PeerRequestResult } from './peer-request.ts';
import { type Answer, type Arrival, createReceiver } from './receive.ts';
import { createSettling } from './settle.ts';
import { type ExchangeList, listExchanges, readDecisions, readKept } from './store.ts';

export type ExchangeOptions = {
  maxContentBytes: number;
  bodyMemoryBytes: number;
  bodyIdleTimeoutMs: number;
};

export type Proof = { envelope: string | undefined; records: EvidenceRow[] };

/** A proof with what the envelope signs: the manifest's bytes, absent once they were erased. */
export type FullProof = Proof & { manifest: Buffer | undefined };

export type ExchangeService = {
  receive(arrival: Arrival): Promise<Answer>;
  close(sender: EntityId, jti: string, envSha256: Buffer): Promise<Decision>;
  authenticate(request: {
    authorization: string | undefined;
    method: string;
    target: string;
  }): Promise<PeerRequestResult>;
  /** The receipt this node gave a peer. */
  receiptFor(peer: string, jti: string): Promise<string | undefined>;
  /** What a peer exchanged with this node, for its recovery. */
  listFor(peer: string, page: { since: string; limit: number }): Promise<ExchangeList>;
  /** All that proves an exchange: its envelope, and the signed records of both sides that this node holds. */
  proof(exchange: { iss: string; jti: string }): Promise<Proof>;
  /** The same with the manifest. */
  fullProof(exchange: { iss: string; jti: string }): Promise<FullProof>;
  /** What would be decided now on an exchange that a peer sends; nothing is kept, and no receipt given. */
  preview(candidate: PreviewedExchange): Promise<Verdict>;
  /** Calls on peers that are no exchanges. */
  readonly peers: PeerCalls;
  /** How the outbox tries a batch. */
  prepare(batch: Leased[]): Promise<Prepared[]>;
  /** Removes uploads whose request died with its process. Returns how many. */
  sweepUploads(): Promise<number>;
  readonly outbound: OutboundExchanges;
  readonly sealer: Sealer;
  readonly bodies: BodyReader;
  /** What the bodies being received take. */
  readonly memory: Pick<MemoryBudget, 'reservedBytes'>;
};

/** An upload without a sign of life for this long belongs to nobody. */
const UPLOAD_SILENCE_MS = 10 * 60_000;

/**
 * The one call for everything. Rooms register the acts they own; this service checks, keeps and answers them on the way
 * in, and signs, queues and settles them on the way out.
 */
export function createExchangeService(deps: {
  db: Database;
  clock: Clock;
  keys: KeyStore;
  /** Of envelopes and receipts: every exchange has one. */
  verify: VerifySignature;
  registry: Registry;
  evidence: Evidence;
  outbox: Outbox;
  links: LinkGate;
  agreements: AgreementGate;
  store: BodyStore;
  handlers: readonly ActHandler[];
  listeners: readonly OutcomeListener[];
  chargePeer(peer: string): { ok: true } | { ok: false; retryAfterS: number };
  /** Told of the size of each shared commit. */
  onCommit?: (work: 'receive' | 'settle', items: number) => void;
  options: ExchangeOptions;
}): ExchangeService {
  const { db, clock, keys, registry, evidence, outbox, links, store, options } = deps;
  const handlers = new Map(deps.handlers.map((handler) => [handler.act, handler]));
  const listeners = new Map(deps.listeners.map((listener) => [listener.act, listener]));
  const sealer = createSealer({ store, keys });
  const bodies = createBodyReader({ store, keys });
  const memory = createMemoryBudget(options.bodyMemoryBytes);
  const intake = createIntake({
    sealer,
    memory,
    limits: { idleTimeoutMs: options.bodyIdleTimeoutMs },
    inspect: (act, content, manifest) => handlers.get(act)?.inspect?.(content, manifest),
  });
  const acceptance = createAcceptance({
    db,
    registry,
    evidence,
    bodies: store,
    links,
    agreements: deps.agreements,
    handlers,
    onCommit: (items) => deps.onCommit?.('receive', items),
  });
  const receiver = createReceiver({
    db,
    registry,
    links,
    handlers,
    intake,
    acceptance,
    verify: deps.verify,
    chargePeer: deps.chargePeer,
    maxContentBytes: options.maxContentBytes,
    nowMs: () => clock.nowMs(),
  });
  const closing = createClosing({ db, registry, evidence });
  const settling = createSettling({
    db,
    registry,
    evidence,
    outbox,
    listeners,
    onCommit: (items) => deps.onCommit?.('settle', items),
  });
  const peers = createPeerCalls({ registry, clock });
  const delivery = createDelivery({
    db,
    clock,
    registry,
    links,
    handlers,
    bodies,
    settling,
    peers,
    verify: deps.verify,
  });

  async function proofOf(exchange: { iss: string; jti: string }) {
    const [kept, records] = await Promise.all([
      db.withClient((client) => readKept(client, exchange, registry.self.entityId)),
      evidence.chain(exchange),
    ]);
    return { kept, records };
  }

  return {
    receive: receiver.receive,
    close: closing.close,
    async authenticate(request) {
      const result = await authenticatePeer(registry, { ...request, nowMs: clock.nowMs() });
      if (!result.ok) return result;
      const budget = deps.chargePeer(result.peer);
      if (budget.ok) return result;
      return { ok: false, code: 'rate.limited', retryAfterS: budget.retryAfterS, peer: result.peer };
    },
    async receiptFor(peer, jti) {
      const [stored] = await db.withClient((client) => readDecisions(client, [{ iss: peer, jti }]));
      return stored?.receipt;
    },
    listFor: (peer, page) => db.withClient((client) => listExchanges(client, peer, page)),
    async proof(exchange) {
      const { kept, records } = await proofOf(exchange);
      return { envelope: kept?.envelope ?? undefined, records };
    },
    async fullProof(exchange) {
      const { kept, records } = await proofOf(exchange);
      const bodyId = kept?.bodyId ?? undefined;
      const body = bodyId === undefined ? undefined : (await bodies.open([bodyId])).get(bodyId);
      return { envelope: kept?.envelope ?? undefined, records, manifest: body?.manifest() };
    },
    preview: acceptance.preview,
    peers,
    prepare: delivery.prepare,
    sweepUploads: () => store.sweep(UPLOAD_SILENCE_MS),
    outbound: createOutboundExchanges({ registry, evidence, bodies: store, sealer, outbox }),
    sealer,
    bodies,
    memory,
  };
}
