import type { Readable } from 'node:stream';
import { createGroupCommit, type Database } from '../db/index.ts';
import { sha256Bytes } from '../protocol/digest.ts';
import { type EnvelopeClaims, parseEnvelope, verifyEnvelope } from '../protocol/envelope.ts';
import type { VerifySignature } from '../protocol/jose/signature.ts';
import { REFUSALS, type RefusalCode } from '../protocol/refusal.ts';
import { MANIFEST_MAX_BYTES } from '../protocol/schemas/definitions.ts';
import { checkClock } from '../protocol/time.ts';
import type { Registry } from '../registry/index.ts';
import { type Candidate, type Decision, replayDecision } from './accept.ts';
import type { ActHandler, LinkGate } from './acts.ts';
import type { Intake } from './intake.ts';
import { refuseForLink, refuseForPeer } from './states.ts';
import { exchangeKey, readDecisions, type StoredDecision } from './store.ts';

/** One PUT as the HTTP layer hands it over: its head read, its body untouched. */
export type Arrival = {
  pathId: string;
  /** Where it comes from: the address, as budgets count it. */
  source: string;
  envelope: string | undefined;
  contentType: string | undefined;
  /** Declared Content-Length, if any. */
  contentLength: number | undefined;
  body: Readable;
  /** Called once the signature holds, with who signed: the sender is no stranger any more. */
  onVerified?: (peer: string) => void;
};

export type Answer = Decision & { detail?: string; retryAfterS?: number };

export type ReceiveDeps = {
  db: Database;
  registry: Registry;
  links: LinkGate;
  handlers: ReadonlyMap<string, ActHandler>;
  intake: Intake;
  acceptance: { decide(candidate: Candidate): Promise<Decision> };
  verify: VerifySignature;
  /** Charges a peer's budget, once its signature holds; the seconds to wait when it is spent. */
  chargePeer(peer: string): { ok: true } | { ok: false; retryAfterS: number };
  maxContentBytes: number;
  nowMs(): number;
};

/** How long a second try waits for the first one that is still running. */
const IN_PROGRESS_WAIT_MS = 5_000;
const MAX_LOOKUP_BATCH = 256;

const refuse = (code: RefusalCode, more: { detail?: string; retryAfterS?: number } = {}): Answer => ({
  kind: 'refused',
  code,
  ...more,
});

/**
 * Receives one exchange. The order of the checks is the protocol's: nothing of a stranger's body is read, a replay is
 * answered before anything else is judged, and what the database decides is decided again in the accepting transaction.
 */
export function createReceiver(deps: ReceiveDeps): { receive(arrival: Arrival): Promise<Answer> } {
  const running = new Map<string, Promise<Answer>>();
  const decisions = createGroupCommit<{ iss: string; jti: string }, StoredDecision | undefined>({
    maxBatch: MAX_LOOKUP_BATCH,
    commit: async (keys) => {
      const found = await deps.db.withClient((client) => readDecisions(client, keys));
      const byKey = new Map(found.map((decision) => [exchangeKey(decision), decision]));
      return keys.map((key) => byKey.get(exchangeKey(key)));
    },
  });

  async function receive(arrival: Arrival): Promise<Answer> {
    // 1. Limits and syntax. (The source address was charged by the HTTP layer.)
    if (arrival.envelope === undefined) return refuse('envelope.missing');
    if (arrival.contentType !== 'application/ivx-exchange') return refuse('body.content_type');
    const parsed = parseEnvelope(arrival.envelope);
    if (!parsed.ok)
      return refuse(parsed.reason, parsed.detail === undefined ? {} : { detail: parsed.detail });

    // 2. Peer, then 3. signature under any key this peer ever had, then 4. profile.
    const peer = deps.registry.peer(parsed.iss);
    if (peer === undefined) return refuse('peer.unknown');
    const { kid } = parsed.jws.header;
    let known = deps.registry.findKey(parsed.iss, kid);
    if (known === undefined && (await deps.registry.refetchUnknownKey(parsed.iss, kid))) {
      known = deps.registry.findKey(parsed.iss, kid);
    }
    if (known === undefined) return refuse('key.unknown');
    const verified = await verifyEnvelope(parsed.jws, known.key, deps.verify);
    if (!verified.ok) {
      return refuse(verified.reason, verified.detail === undefined ? {} : { detail: verified.detail });
    }
    const { claims } = verified;
    arrival.onVerified?.(claims.iss);
    if (claims.jti !== arrival.pathId) return refuse('envelope.id_mismatch');

    // 5. Audience.
    if (claims.aud !== deps.registry.self.entityId) return refuse('envelope.audience');

    // 6. Replay. It costs the peer nothing: anybody who saw an envelope in a log can repeat it. For the same reason a
    // try that is still running holds back only further ones from the same source.
    const envSha256 = sha256Bytes(arrival.envelope);
    const key = `${exchangeKey(claims)} ${arrival.source}`;
    const first = running.get(key);
    if (first !== undefined && !(await settlesSoon(first))) {
      return refuse('exchange.in_progress', { retryAfterS: IN_PROGRESS_WAIT_MS / 1000 });
    }
    const earlier = await decisions.add(claims);
    if (earlier !== undefined) return replayDecision(earlier, envSha256);
    if (running.has(key)) {
      return refuse('exchange.in_progress', { retryAfterS: IN_PROGRESS_WAIT_MS / 1000 });
    }

    const budget = deps.chargePeer(claims.iss);
    if (!budget.ok) return refuse('rate.limited', { retryAfterS: budget.retryAfterS });

    // 7. Key still usable.
    if (known.status === 'revoked') return refuse('key.revoked');
    if (known.status === 'withdrawn') return refuse('key.retired');

    const candidate: Candidate = {
      envelope: arrival.envelope,
      envSha256,
      claims,
      configurationSha256: peer.configurationSha256,
    };
    const attempt = decide(arrival, candidate, peer.state);
    running.set(key, attempt);
    try {
      const answer = await attempt;
      // Only a whole body that was signed proves that the peer itself was here.
      if (answer.kind === 'decided' && !answer.replayed) {
        deps.registry.noteContact(claims.iss, { direction: 'in', ok: true });
      }
      return answer;
    } finally {
      running.delete(key);
    }
  }

  async function decide(arrival: Arrival, candidate: Candidate, peerState: string): Promise<Answer> {
    const { claims } = candidate;
    const handler = deps.handlers.get(claims.act);

    // 8. Expiry and 9. states, by what is at hand: spares reading a body that cannot be accepted.
    const clock = checkClock({ iat: claims.iat, exp: claims.exp, now: deps.nowMs() / 1000 });
    if (!clock.ok) {
      return clock.reason === 'time.from_future'
        ? refuse('time.from_future')
        : deps.acceptance.decide(candidate);
    }
    const closed = refuseForPeer({ state: peerState, stale: false }, handler);
    if (closed !== undefined) return refuse(closed);

    // 10. Sizes.
    const refusal = refuseForShape(claims, handler, deps.maxContentBytes);
    if (refusal !== undefined) return deps.acceptance.decide({ ...candidate, refusal });
    const announced = claims.manifest.size + (claims.content?.size ?? 0);
    if (arrival.contentLength !== undefined && arrival.contentLength !== announced)
      return refuse('body.length');
    if (claims.sub !== undefined && deps.intake.isLarge(claims)) {
      const links = await deps.links.read([claims.sub]);
      const unlinked = refuseForLink(claims, handler, links.get(claims.sub));
      if (unlinked !== undefined) {
        return REFUSALS[unlinked].kind === 'decided'
          ? deps.acceptance.decide({ ...candidate, refusal: unlinked })
          : refuse(unlinked);
      }
    }

    // 11. Manifest, then 12. content, sealed on the way in.
    const taken = await deps.intake.take(arrival.body, claims);
    if (taken.kind === 'refused')
      return refuse(taken.code, taken.detail === undefined ? {} : { detail: taken.detail });
    if (taken.kind === 'rejected') return deps.acceptance.decide({ ...candidate, refusal: taken.code });

    // 13. The transaction: replay, expiry and states again, the act's own judgement, and everything kept.
    try {
      const decision = await deps.acceptance.decide({
        ...candidate,
        received: { manifest: taken.manifest, body: taken.body },
      });
      if (decision.kind !== 'decided' || decision.replayed || decision.outcome !== 'accepted')
        await taken.discard();
      return decision;
    } catch (error) {
      await taken.discard();
      throw error;
    } finally {
      taken.release();
    }
  }

  return { receive };
}

/** What the envelope alone tells about manifest and content. */
function refuseForShape(
  claims: EnvelopeClaims,
  handler: ActHandler | undefined,
  maxContentBytes: number,
): RefusalCode | undefined {
  if (handler === undefined) return 'act.unsupported';
  if (handler.link === 'required' && claims.sub === undefined) return 'link.missing';
  if (claims.manifest.size > MANIFEST_MAX_BYTES) return 'manifest.too_large';
  if (handler.content === 'none') return claims.content === undefined ? undefined : 'content.unexpected';
  if (claims.content === undefined) return handler.content === 'required' ? 'content.missing' : undefined;
  if (claims.content.size === 0) return 'content.empty';
  const limit = Math.min(maxContentBytes, handler.maxContentBytes ?? maxContentBytes);
  return claims.content.size > limit ? 'content.too_large' : undefined;
}

async function settlesSoon(first: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), IN_PROGRESS_WAIT_MS);
  });
  try {
    return await Promise.race([
      first.then(
        () => true,
        () => true,
      ),
      waited,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
