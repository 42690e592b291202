import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Attempt, Leased, Prepared } from '../outbox/index.ts';
import type { VerifySignature } from '../protocol/jose/signature.ts';
import { EXCHANGE_MEDIA_TYPE } from '../protocol/manifest.ts';
import type { Registry } from '../registry/index.ts';
import type { ActHandler, LinkGate } from './acts.ts';
import { type Reading, readAnswer } from './answer.ts';
import type { BodyReader, OpenBody } from './bodies/reader.ts';
import type { PeerCalls } from './peer-call.ts';
import { type Settlement, UNCONFIRMED } from './settle.ts';
import { type OutboundToSend, readOutbound } from './store.ts';

type Deps = {
  db: Database;
  clock: Clock;
  registry: Registry;
  links: LinkGate;
  handlers: ReadonlyMap<string, ActHandler>;
  bodies: BodyReader;
  verify: VerifySignature;
  settling: { settle(settlement: Settlement): Promise<void> };
  peers: PeerCalls;
};

/** Held deliveries are looked at again this often; a change of the link or the peer wakes them sooner. */
const HOLD_MS = 60_000;
const MAX_MISMATCHES = 5;
/** How long closing goes on without any answer. */
const CLOSING_DAYS = 30;

/** The transfer broke on the way; the same bytes may well arrive next time, but not for ever. */
const MISMATCH_CODES = new Set(['body.length', 'body.cut', 'manifest.digest', 'content.digest']);
/** Refusals that concern every exchange with the peer, not this one. */
const WHOLE_PEER_CODES = new Set(['peer.unknown', 'peer.not_active', 'peer.suspended', 'rate.limited']);

/** Tries deliveries: what a batch needs is read in a few queries, then each exchange is a request of its own. */
export function createDelivery(deps: Deps): { prepare(batch: Leased[]): Promise<Prepared[]> } {
  const { db, clock, registry, links, handlers, bodies, settling, peers } = deps;

  async function prepare(batch: Leased[]): Promise<Prepared[]> {
    const outbound = new Map(
      (
        await db.withClient((client) =>
          readOutbound(
            client,
            batch.map((leased) => leased.jti),
          ),
        )
      ).map((row) => [row.jti, row]),
    );
    const sends = batch.flatMap((leased) => {
      const exchange = leased.task === 'send' ? outbound.get(leased.jti) : undefined;
      return exchange === undefined ? [] : [exchange];
    });
    const opened = await bodies.open(sends.map((exchange) => exchange.bodyId));
    const subjects = [...new Set(sends.flatMap((exchange) => exchange.sub ?? []))];
    const linked = subjects.length === 0 ? new Map() : await links.read(subjects);
    const outdated = await outdatedOf(sends);

    return batch.map((leased) => {
      const exchange = outbound.get(leased.jti);
      if (exchange === undefined) throw new Error('a delivery without its exchange');
      if (leased.task === 'close') return { leased, run: () => close(leased, exchange) };
      const held = holdFor(exchange, exchange.sub === null ? undefined : linked.get(exchange.sub)?.state);
      if (held !== undefined) return { leased, run: async () => held };
      if (outdated.has(leased.jti)) return { leased, run: async () => giveUp('exchange.outdated') };
      const body = opened.get(exchange.bodyId);
      if (body === undefined) return { leased, run: async () => giveUp('exchange.erased') };
      return { leased, run: () => send(leased, exchange, body) };
    });
  }

  async function outdatedOf(sends: readonly OutboundToSend[]): Promise<Set<string>> {
    const outdated = new Set<string>();
    for (const [act, exchanges] of Map.groupBy(sends, (exchange) => exchange.act)) {
      const found = await handlers.get(act)?.outdated?.(exchanges.map(({ jti }) => jti));
      for (const jti of found ?? []) outdated.add(jti);
    }
    return outdated;
  }

  /** Consent and peer state are looked at each time: a withdrawal stops what is queued. */
  function holdFor(exchange: OutboundToSend, linkState: string | undefined): Attempt | undefined {
    const peer = registry.peer(exchange.aud);
    const handler = handlers.get(exchange.act);
    if (peer === undefined || (peer.state !== 'active' && handler?.passesSuspension !== true)) {
      return { kind: 'hold', code: `peer.${peer?.state ?? 'unknown'}`, delayMs: HOLD_MS };
    }
    if (handler?.link !== 'required' || linkState === 'active') return undefined;
    const isHeld = linkState === 'paused' || linkState === 'restorable';
    const isClosed = isHeld && handler.whilePaused === 'close';
    if (isClosed || linkState === 'revoked' || linkState === 'erased') return giveUp(`link.${linkState}`);
    return { kind: 'hold', code: `link.${linkState ?? 'unknown'}`, delayMs: HOLD_MS };
  }

  async function send(leased: Leased, exchange: OutboundToSend, body: OpenBody): Promise<Attempt> {
    if (exchange.expiresAt.getTime() <= clock.nowMs()) return giveUp('exchange.expired');
    const size = body.manifestSize + (body.contentSize ?? 0);
    const answer = await peers.call(exchange.aud, {
      method: 'PUT',
      path: `/exchanges/${exchange.jti}`,
      headers: {
        'ivx-envelope': exchange.envelope,
        'content-type': EXCHANGE_MEDIA_TYPE,
        'content-length': String(size),
      },
      body: wireBody(body),
    });
    if (!('status' in answer)) return unreachable(exchange, answer.code);
    const reading = await readAnswer(deps, answer, expectedOf(exchange));
    noteAnswer(exchange, reading);
    if (reading.kind === 'receipt') {
      await settling.settle(settlementOf(exchange, reading, leased.giveUpReason));
      return { kind: 'settled' };
    }
    return interpret(leased, reading);
  }

  function interpret(leased: Leased, reading: Exclude<Reading, { kind: 'receipt' }>): Attempt {
    const { code, status, retryAfterMs } = reading;
    const mismatch = MISMATCH_CODES.has(code);
    if (mismatch && leased.mismatches + 1 >= MAX_MISMATCHES) {
      return { kind: 'give_up', reason: 'exchange.mismatch', status, mismatch };
    }
    if (reading.kind === 'problem' && !reading.retryable) return { kind: 'give_up', reason: code, status };
    return {
      kind: 'retry',
      code,
      status,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      peerFault: isFailing(reading) || WHOLE_PEER_CODES.has(code),
      mismatch,
    };
  }

  async function close(leased: Leased, exchange: OutboundToSend): Promise<Attempt> {
    const answer = await peers.call(exchange.aud, {
      method: 'POST',
      path: `/exchanges/${exchange.jti}/close`,
      env: exchange.envSha256.toString('base64url'),
    });
    const reading = 'status' in answer ? await readAnswer(deps, answer, expectedOf(exchange)) : undefined;
    if (reading !== undefined) noteAnswer(exchange, reading);
    if (reading?.kind === 'receipt') {
      await settling.settle(settlementOf(exchange, reading, leased.giveUpReason));
      return { kind: 'settled' };
    }
    // The peer decided another envelope under this id: it will never say anything of ours.
    const conflict = reading?.kind === 'problem' && reading.code === 'exchange.conflict';
    const closingEndsAtMs = exchange.expiresAt.getTime() + CLOSING_DAYS * 86_400_000;
    const over = conflict || clock.nowMs() > closingEndsAtMs;
    await settling.settle({
      jti: exchange.jti,
      peer: exchange.aud,
      envSha256: exchange.envSha256.toString('base64url'),
      state: 'failed',
      reason: conflict ? 'exchange.conflict' : UNCONFIRMED,
      keepDelivery: !over,
    });
    if (over) return { kind: 'settled' };
    if (reading === undefined)
      return unreachable(exchange, 'code' in answer ? answer.code : 'peer.unreachable');
    return {
      kind: 'retry',
      code: reading.code,
      status: reading.status,
      ...(reading.retryAfterMs !== undefined && { retryAfterMs: reading.retryAfterMs }),
      peerFault: isFailing(reading),
    };
  }

  function noteAnswer(exchange: OutboundToSend, reading: Reading): void {
    registry.noteContact(
      exchange.aud,
      isFailing(reading)
        ? { direction: 'out', ok: false, problem: reading.code }
        : { direction: 'out', ok: true },
    );
  }

  function unreachable(exchange: OutboundToSend, code: string): Attempt {
    registry.noteContact(exchange.aud, { direction: 'out', ok: false, problem: code });
    return { kind: 'retry', code, peerFault: true };
  }

  function expectedOf(exchange: OutboundToSend) {
    return {
      peer: exchange.aud,
      self: registry.self.entityId,
      jti: exchange.jti,
      envelopeSha256: exchange.envSha256.toString('base64url'),
    };
  }

  return { prepare };
}

/** What a peer that works may answer with a status of failure: it concerns this exchange, and no other. */
const BUSY_CODES = new Set(['exchange.in_progress', 'quota.exceeded']);

/** It answers, but not as one that works. */
function isFailing(reading: Reading): reading is Exclude<Reading, { kind: 'receipt' }> {
  if (reading.kind !== 'problem') return reading.kind === 'garbage';
  return reading.status >= 500 && !BUSY_CODES.has(reading.code);
}

const giveUp = (reason: string): Attempt => ({ kind: 'give_up', reason });

/** Manifest and content as they were signed. A small body is one buffer; a large one is unsealed as it leaves. */
function wireBody(body: OpenBody): Buffer | Readable {
  const manifest = body.manifest();
  if (body.contentSize === null) return manifest;
  const small = body.smallContent();
  if (small !== undefined) return Buffer.concat([manifest, small]);
  return Readable.from(
    (async function* () {
      yield manifest;
      yield* body.content();
    })(),
    { objectMode: false },
  );
}

/** The receipt decides; a closing that was confirmed ends as what made the sender give up. */
function settlementOf(
  exchange: OutboundToSend,
  reading: Reading & { kind: 'receipt' },
  giveUpReason: string | null,
): Settlement {
  const { claims, jws } = reading;
  const closed = claims.reason === 'exchange.closed';
  return {
    jti: exchange.jti,
    peer: exchange.aud,
    envSha256: exchange.envSha256.toString('base64url'),
    state: claims.event === 'RelayAcceptance' ? 'accepted' : closed ? 'failed' : 'rejected',
    reason: closed ? (giveUpReason ?? 'exchange.closed') : (claims.reason ?? null),
    receipt: { jws, claims },
    keepDelivery: false,
  };
}
