import { createGroupCommit, type Database, type Tx, together } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import { sha256 } from '../protocol/digest.ts';
import type { EnvelopeClaims } from '../protocol/envelope.ts';
import type { ExchangeId } from '../protocol/ids.ts';
import { encodeManifest, type Manifest } from '../protocol/manifest.ts';
import { encodeRandom128 } from '../protocol/nonce.ts';
import { type ReceiptClaims, rejectionReason, signReceipt } from '../protocol/receipt.ts';
import { REFUSALS, type RefusalCode } from '../protocol/refusal.ts';
import { CLOCK_SKEW_S } from '../protocol/time.ts';
import { newUuidV7, randomBytesOf } from '../random.ts';
import type { Registry } from '../registry/index.ts';
import type { ActHandler, AgreementGate, InboundItem, LinkGate, LinkView, Verdict } from './acts.ts';
import type { BodyStore } from './bodies/body-store.ts';
import type { SealedBody } from './bodies/sealed-body.ts';
import { refuseForLink, refuseForPeer, ruleOnAgreement } from './states.ts';
import {
  exchangeKey,
  type InboundRow,
  insertInbound,
  insertNewInbound,
  isDecidedMeanwhile,
  type StoredDecision,
} from './store.ts';

/** An exchange whose envelope holds, waiting for the transaction that decides it. */
export type Candidate = {
  envelope: string;
  envSha256: Buffer;
  claims: EnvelopeClaims;
  configurationSha256: Buffer | undefined;
  /** Present unless an earlier check decided against it. */
  received?: { manifest: Manifest; body: SealedBody };
  refusal?: RefusalCode;
};

export type Decision =
  | { kind: 'decided'; outcome: 'accepted' | 'rejected' | 'closed'; receipt: string; replayed: boolean }
  | { kind: 'refused'; code: RefusalCode };

/** Most exchanges one commit shares. */
const MAX_BATCH = 128;

type Deps = {
  db: Database;
  registry: Registry;
  evidence: Evidence;
  bodies: BodyStore;
  links: LinkGate;
  agreements: AgreementGate;
  handlers: ReadonlyMap<string, ActHandler>;
  onCommit?: ((items: number) => void) | undefined;
};

/** An exchange that nobody has sent: what its envelope and its manifest would say. */
export type PreviewedExchange = {
  claims: Pick<EnvelopeClaims, 'iss' | 'aud' | 'act' | 'sub' | 'agr'>;
  manifest: Manifest;
};

export type Acceptance = {
  decide(candidate: Candidate): Promise<Decision>;
  /** What would be decided now. Nothing is kept. */
  preview(previewed: PreviewedExchange): Promise<Verdict>;
};

/** Decides exchanges in shared transactions: replay, states, judgement, receipt and everything kept, in one commit. */
export function createAcceptance(deps: Deps): Acceptance {
  const commits = createGroupCommit<Candidate, Decision>({
    maxBatch: MAX_BATCH,
    onCommit: deps.onCommit,
    // Replays were answered before they came here. Where one was decided in between, the batch is done again with care:
    // that costs a round trip more, which the others need not pay.
    commit: (batch) =>
      deps.db
        .transact((tx) => decideBatch(deps, tx, batch, { mayBeDecided: false }))
        .catch((error: unknown) => {
          if (!isDecidedMeanwhile(error)) throw error;
          return deps.db.transact((tx) => decideBatch(deps, tx, batch, { mayBeDecided: true }));
        }),
  });
  return {
    decide: (candidate) => commits.add(candidate),
    preview: (previewed) => deps.db.transact((tx) => preview(deps, tx, previewed)),
  };
}

async function preview(deps: Deps, tx: Tx, { claims, manifest }: PreviewedExchange): Promise<Verdict> {
  const jti = newUuidV7() as ExchangeId;
  const bytes = encodeManifest(manifest);
  const candidate: Considered = {
    envelope: '',
    envSha256: Buffer.alloc(32),
    claims: {
      ...claims,
      jti,
      // It has no time of its own: it is judged now, by the database's clock.
      iat: 0,
      exp: Number.MAX_SAFE_INTEGER,
      manifest: { sha256: sha256(bytes), size: bytes.length },
      inc: 0,
    },
    configurationSha256: undefined,
    received: { manifest, body: { id: jti } },
  };
  const decisions = new Map<string, Decision>();
  const { judged } = await judge(deps, tx, [candidate], decisions);
  const decision = decisions.values().next().value;
  if (decision?.kind === 'refused') return { refusal: decision.code };
  return judged[0]?.verdict ?? {};
}

/** All that judging needs of a candidate. */
type Considered = Omit<Candidate, 'received'> & {
  received?: { manifest: Manifest; body: Pick<SealedBody, 'id'> };
};

type Judged<C extends Considered = Candidate> = {
  candidate: C;
  item: InboundItem | undefined;
  verdict: Verdict;
};

/** Whether some may have been decided before, by another replica or in the batch before this one. */
type Expectation = { mayBeDecided: boolean };

async function decideBatch(
  deps: Deps,
  tx: Tx,
  batch: Candidate[],
  expectation: Expectation,
): Promise<Decision[]> {
  const first = new Map<string, Candidate>();
  for (const candidate of batch) {
    const key = exchangeKey(candidate.claims);
    if (!first.has(key)) first.set(key, candidate);
  }
  const unique = [...first.values()];
  const decisions = new Map<string, Decision>();

  const { judged, decidedAt } = await judge(deps, tx, unique, decisions);
  const stored = await storeDecisions(deps, tx, judged, decidedAt, expectation);
  for (const [key, decision] of stored) decisions.set(key, decision);

  return batch.map((candidate) => {
    const key = exchangeKey(candidate.claims);
    const decision = decisions.get(key);
    const owner = first.get(key);
    if (decision === undefined || owner === undefined) throw new Error('a candidate was left undecided');
    if (owner === candidate || decision.kind === 'refused') return decision;
    return owner.envSha256.equals(candidate.envSha256)
      ? { ...decision, replayed: true }
      : { kind: 'refused', code: 'exchange.conflict' };
  });
}

/** The checks that need the database, once for the batch. Transient refusals go straight into `decisions`. */
async function judge<C extends Considered>(
  deps: Deps,
  tx: Tx,
  candidates: C[],
  decisions: Map<string, Decision>,
): Promise<{ judged: Judged<C>[]; decidedAt: Date }> {
  // Acts that change links lock them themselves, and for more than a share.
  const subjects = [
    ...new Set(
      candidates.flatMap(({ claims: { act, sub } }) =>
        sub !== undefined && deps.handlers.get(act)?.link === 'required' ? [sub] : [],
      ),
    ),
  ];
  const underAgreement = candidates.filter(
    ({ claims }) => claims.agr !== undefined || deps.handlers.get(claims.act)?.agreement !== undefined,
  );
  // Sent in this order, and so locked in it.
  const [peers, links, books] = await together([
    deps.registry.lockAndReadPeers(tx, issuersOf(candidates)),
    subjects.length === 0 ? new Map<string, LinkView>() : deps.links.lock(tx, subjects.sort()),
    underAgreement.length === 0 ? undefined : deps.agreements.read(tx, issuersOf(underAgreement)),
  ]);
  // The database's clock, one for the batch. Without a known peer there is nothing to decide.
  const nowMs = peers.values().next().value?.nowMs ?? 0;
  const decidedAt = new Date(nowMs);

  const judged: Judged<C>[] = [];
  for (const candidate of candidates) {
    const { claims } = candidate;
    const handler = deps.handlers.get(claims.act);
    const link = claims.sub === undefined ? undefined : links.get(claims.sub);
    const under = await ruleOnAgreement(claims, handler, books, nowMs);
    const refusal =
      refuseForPeer(peers.get(claims.iss), handler) ??
      refuseForTime(claims, nowMs) ??
      refuseForLink(claims, handler, link) ??
      (under.ok ? candidate.refusal : under.code);
    if (refusal !== undefined && REFUSALS[refusal].kind !== 'decided') {
      decisions.set(exchangeKey(claims), { kind: 'refused', code: refusal });
      continue;
    }
    const { received } = candidate;
    if (refusal !== undefined) {
      judged.push({ candidate, item: undefined, verdict: { refusal } });
      continue;
    }
    if (received === undefined) {
      // Expired by this process's clock and not by the database's: not for the process to decide.
      decisions.set(exchangeKey(claims), { kind: 'refused', code: 'exchange.in_progress' });
      continue;
    }
    const item: InboundItem = {
      iss: claims.iss,
      jti: claims.jti,
      claims,
      manifest: received.manifest,
      bodyId: received.body.id,
      link,
      agreement: under.ok ? under.version : undefined,
      decidedAt,
    };
    judged.push({ candidate, item, verdict: {} });
  }
  await askHandlers(deps, tx, judged);
  const final = judged.filter((entry) => {
    const { refusal } = entry.verdict;
    if (refusal === undefined || REFUSALS[refusal].kind === 'decided') return true;
    decisions.set(exchangeKey(entry.candidate.claims), { kind: 'refused', code: refusal });
    return false;
  });
  return { judged: final, decidedAt };
}

function issuersOf(candidates: readonly Considered[]): string[] {
  return [...new Set(candidates.map(({ claims }) => claims.iss))];
}

function refuseForTime(claims: EnvelopeClaims, nowMs: number): RefusalCode | undefined {
  const nowS = nowMs / 1000;
  if (claims.iat > nowS + CLOCK_SKEW_S) return 'time.from_future';
  return nowS >= claims.exp + CLOCK_SKEW_S ? 'time.expired' : undefined;
}

async function askHandlers<C extends Considered>(deps: Deps, tx: Tx, judged: Judged<C>[]): Promise<void> {
  const byAct = groupByAct(judged);
  for (const [act, entries] of byAct) {
    const verdicts = await deps.handlers.get(act)?.judge?.(
      tx,
      entries.map((entry) => entry.item),
    );
    verdicts?.forEach((verdict, at) => {
      const entry = entries[at];
      if (entry !== undefined && verdict !== undefined) entry.verdict = verdict;
    });
  }
}

type Asked<C extends Considered> = Judged<C> & { item: InboundItem };

function groupByAct<C extends Considered>(judged: Judged<C>[]): Map<string, Asked<C>[]> {
  const byAct = new Map<string, Asked<C>[]>();
  for (const entry of judged) {
    if (entry.item === undefined) continue;
    const group = byAct.get(entry.item.claims.act) ?? [];
    group.push(entry as Asked<C>);
    byAct.set(entry.item.claims.act, group);
  }
  // In one order, so that two batches never wait for each other's locks.
  return new Map([...byAct].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Signs, inserts, and finds out which decisions were really new. */
async function storeDecisions(
  deps: Deps,
  tx: Tx,
  judged: Judged[],
  decidedAt: Date,
  { mayBeDecided }: Expectation,
): Promise<Map<string, Decision>> {
  const receipts = await Promise.all(judged.map((entry) => signDecision(deps, entry, decidedAt)));
  const rows = judged.map((entry) => rowOf(deps, entry, decidedAt));
  const earlier = mayBeDecided ? await insertInbound(tx, rows) : new Map<string, StoredDecision>();

  const decisions = new Map<string, Decision>();
  const decided: Judged[] = [];
  const kept: Judged[] = [];
  const records = [];
  for (const [at, entry] of judged.entries()) {
    const { candidate, verdict } = entry;
    const key = exchangeKey(candidate.claims);
    const before = earlier.get(key);
    if (before !== undefined) {
      decisions.set(key, replayDecision(before, candidate.envSha256));
      continue;
    }
    const receipt = receipts[at] as string;
    const accepted = verdict.refusal === undefined;
    decisions.set(key, {
      kind: 'decided',
      outcome: accepted ? 'accepted' : 'rejected',
      receipt,
      replayed: false,
    });
    records.push({
      exchangeJti: candidate.claims.jti,
      exchangeIss: candidate.claims.iss,
      event: accepted ? 'RelayAcceptance' : 'RelayRejection',
      issuer: deps.registry.self.entityId,
      eventAt: decidedAt,
      jws: receipt,
    });
    decided.push(entry);
    if (accepted) kept.push(entry);
  }

  await together([
    mayBeDecided ? undefined : insertNewInbound(tx, rows),
    deps.bodies.keep(
      tx,
      decided.flatMap((entry) => {
        const { received } = entry.candidate;
        return received !== undefined && keepsBody(deps, entry) ? [received.body] : [];
      }),
    ),
    deps.evidence.store(tx, records),
    ...[...groupByAct(kept)].map(([act, entries]) =>
      deps.handlers.get(act)?.apply(
        tx,
        entries.map((entry) => entry.item),
      ),
    ),
  ]);
  return decisions;
}

function keepsBody({ handlers }: Deps, { candidate, verdict }: Judged): boolean {
  const { refusal, keep } = verdict;
  return refusal === undefined ? handlers.get(candidate.claims.act)?.keepsBody !== false : keep === true;
}

function rowOf(deps: Deps, entry: Judged, decidedAt: Date): InboundRow {
  const { candidate, verdict } = entry;
  const { claims } = candidate;
  const accepted = verdict.refusal === undefined;
  return {
    iss: claims.iss,
    jti: claims.jti,
    envSha256: candidate.envSha256,
    act: claims.act,
    sub: claims.sub ?? null,
    agr: claims.agr ?? null,
    envelope: candidate.envelope,
    outcome: accepted ? 'accepted' : 'rejected',
    reason: verdict.refusal ?? null,
    bodyId: keepsBody(deps, entry) ? (candidate.received?.body.id ?? null) : null,
    configurationSha256: candidate.configurationSha256 ?? null,
    decidedAt,
  };
}

/** The stored answer for the same envelope; a conflict for another one under the same id. */
export function replayDecision(stored: StoredDecision, envSha256: Buffer): Decision {
  return stored.envSha256.equals(envSha256)
    ? { kind: 'decided', outcome: stored.outcome, receipt: stored.receipt, replayed: true }
    : { kind: 'refused', code: 'exchange.conflict' };
}

function signDecision(deps: Deps, { candidate, verdict }: Judged, decidedAt: Date): Promise<string> {
  const { self } = deps.registry;
  const { claims } = candidate;
  const decision: Partial<ReceiptClaims> =
    verdict.refusal === undefined
      ? {
          event: 'RelayAcceptance',
          ...(verdict.outcome !== undefined && { outcome: verdict.outcome }),
        }
      : { event: 'RelayRejection', ...rejectionReason(verdict.refusal) };
  return signReceipt(
    {
      iss: self.entityId,
      aud: claims.iss,
      jti: newUuidV7(),
      iat: Math.floor(decidedAt.getTime() / 1000),
      env: { jti: claims.jti, iss: claims.iss, sha256: candidate.envSha256.toString('base64url') },
      ...decision,
      ...(verdict.nextEligibleAt !== undefined && { nextEligibleAt: verdict.nextEligibleAt }),
      inc: self.incarnation,
      nonce: encodeRandom128(randomBytesOf(16)),
    } as ReceiptClaims,
    self.signer(),
  );
}
