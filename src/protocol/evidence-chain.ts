import { sha256 } from './digest.ts';
import { type EnvelopeClaims, parseEnvelope, verifyEnvelope } from './envelope.ts';
import { EVIDENCE_MAX_BYTES, EVIDENCE_TYP, type EvidenceClaims, verifyEvidence } from './evidence-record.ts';
import { parseJws } from './jose/jws.ts';
import type { VerificationKey } from './jose/keys.ts';
import { parseReceipt, type ReceiptClaims, verifyReceipt } from './receipt.ts';
import { CLOCK_SKEW_S } from './time.ts';

/** One signed statement of an exchange, and whether it holds. */
export type ChainEntry = {
  /** `Envelope`, or the event that the record attests. Of a record that can't be read: `unreadable`. */
  event: string;
  /** Who says so; absent where that can't be known. */
  issuer?: string;
  /** When, by its own word: Unix seconds. */
  at?: number;
  /** The key that signed. */
  kid?: string;
  /** Of the statement's bytes, as others cite it. */
  sha256: string;
  reason?: string;
  /** Why it doesn't hold; absent where it does. */
  problem?: ChainProblem;
};

/**
 * `chain.*`: the statement is genuine and does not belong to this exchange, or does not cite what it should; the others
 * are the refusals of the statement itself.
 */
export type ChainProblem = string;

export type ChainReport = {
  /** Every statement holds, and none is missing. */
  ok: boolean;
  /** What the two sides' statements together prove. `open`: the recipient has not answered yet. */
  outcome: 'accepted' | 'rejected' | 'unconfirmed' | 'open' | 'contradictory';
  envelope?: EnvelopeClaims;
  entries: ChainEntry[];
  /** What the chain lacks: codes. */
  missing: ChainMissing[];
};

export type ChainMissing = 'chain.envelope' | 'chain.submission' | 'chain.receipt_stored' | 'chain.receipt';

export type FindChainKey = (issuer: string, kid: string) => VerificationKey | undefined;

/**
 * Checks all that one side holds of an exchange: the envelope, and every record about it. Needs nothing but the keys of
 * both sides: `findKey` knows each exchange key that either of them ever had. A recipient holds no SubmissionAcceptance
 * and no ReceiptStored, a sender has a receipt only once it was answered; all that a side should hold must be there.
 *
 * The chain: SubmissionAcceptance (sender) <- `ev` of the envelope (sender) <- `env.sha256` of the receipt (recipient) <-
 * `cites` of ReceiptStored (sender).
 */
export async function verifyExchangeChain(
  chain: { jti: string; holder: 'sender' | 'recipient'; envelope: string; records: readonly string[] },
  findKey: FindChainKey,
): Promise<ChainReport> {
  const { entry, claims } = await verifyEnvelopeEntry(chain, findKey);
  if (claims === undefined) {
    const entries = [entry, ...chain.records.map((record) => unreadable(record, 'chain.envelope'))];
    return { ok: false, outcome: 'open', entries, missing: ['chain.envelope'] };
  }
  const receipts = new Map<string, ReceiptClaims>();
  const read: ReadRecord[] = [];
  for (const record of chain.records) {
    read.push(await readRecord(record, claims, entry.sha256, findKey, receipts));
  }
  const submissions = new Set(read.filter(isSound('SubmissionAcceptance')).map(({ entry }) => entry.sha256));
  const stored = new Set<string>();
  for (const record of read) {
    if (record.entry.problem !== undefined || record.claims === undefined) continue;
    const problem = problemOfCitation(record, claims, submissions, receipts);
    if (problem !== undefined) record.entry.problem = problem;
    else if (record.claims.event === 'ReceiptStored') stored.add(record.claims.cites ?? '');
  }

  const missing: ChainMissing[] = [];
  if (chain.holder === 'sender') {
    if (claims.ev !== undefined && !submissions.has(claims.ev)) missing.push('chain.submission');
    if ([...receipts.keys()].some((hash) => !stored.has(hash))) missing.push('chain.receipt_stored');
  } else if (receipts.size === 0) missing.push('chain.receipt');
  const entries = [entry, ...read.map((record) => record.entry)].sort(byTime);
  const outcome = outcomeOf(receipts, read);
  const ok =
    missing.length === 0 &&
    outcome !== 'contradictory' &&
    entries.every(({ problem }) => problem === undefined);
  return { ok, outcome, envelope: claims, entries, missing };
}

type ReadRecord = { entry: ChainEntry; claims?: EvidenceClaims };

async function verifyEnvelopeEntry(
  { jti, envelope }: { jti: string; envelope: string },
  findKey: FindChainKey,
): Promise<{ entry: ChainEntry; claims?: EnvelopeClaims }> {
  const hash = sha256(envelope);
  const failed = (problem: ChainProblem, more: Partial<ChainEntry> = {}) => ({
    entry: { event: 'Envelope', ...more, sha256: hash, problem },
  });
  const parsed = parseEnvelope(envelope);
  if (!parsed.ok) return failed(parsed.reason);
  const { kid } = parsed.jws.header;
  const signer = { issuer: parsed.iss, kid };
  const key = findKey(parsed.iss, kid);
  if (key === undefined) return failed('key.unknown', signer);
  const verified = await verifyEnvelope(parsed.jws, key);
  if (!verified.ok) return failed(verified.reason, signer);
  const { claims } = verified;
  if (claims.jti !== jti) return failed('chain.other_exchange', signer);
  return { entry: { event: 'Envelope', ...signer, at: claims.iat, sha256: hash }, claims };
}

async function readRecord(
  record: string,
  envelope: EnvelopeClaims,
  envelopeSha256: string,
  findKey: FindChainKey,
  receipts: Map<string, ReceiptClaims>,
): Promise<ReadRecord> {
  const receipt = parseReceipt(record);
  if (receipt.ok)
    return { entry: await readReceipt(record, receipt.jws, envelope, envelopeSha256, findKey, receipts) };

  const parsed = parseJws(record, { typ: EVIDENCE_TYP, maxBytes: EVIDENCE_MAX_BYTES });
  if (!parsed.ok) return { entry: unreadable(record, 'evidence.malformed') };
  const { iss } = parsed.jws.claims;
  const { kid } = parsed.jws.header;
  const verified = await verifyEvidence(record, (name) =>
    typeof iss === 'string' ? findKey(iss, name) : undefined,
  );
  if (!verified.ok) {
    const issuer = typeof iss === 'string' ? { issuer: iss } : {};
    return { entry: { ...unreadable(record, verified.reason), ...issuer, kid } };
  }
  const { claims } = verified;
  const entry: ChainEntry = {
    event: claims.event,
    issuer: claims.iss,
    at: claims.iat,
    kid,
    sha256: sha256(record),
    ...(claims.reason !== undefined && { reason: claims.reason }),
  };
  const problem = problemOfExchange(claims, envelope, envelopeSha256);
  return problem === undefined ? { entry, claims } : { entry: { ...entry, problem } };
}

async function readReceipt(
  record: string,
  jws: Parameters<typeof verifyReceipt>[0],
  envelope: EnvelopeClaims,
  envelopeSha256: string,
  findKey: FindChainKey,
  receipts: Map<string, ReceiptClaims>,
): Promise<ChainEntry> {
  const { kid } = jws.header;
  const issuer = envelope.aud;
  const hash = sha256(record);
  const key = findKey(issuer, kid);
  if (key === undefined)
    return { event: 'unreadable', issuer, kid, sha256: hash, problem: 'receipt.key_unknown' };
  const expected = { iss: issuer, aud: envelope.iss, jti: envelope.jti, envelopeSha256 };
  const verified = await verifyReceipt(jws, key, expected);
  if (!verified.ok) return { event: 'unreadable', issuer, kid, sha256: hash, problem: verified.reason };
  const { claims } = verified;
  const entry: ChainEntry = {
    event: claims.event,
    issuer,
    at: claims.iat,
    kid,
    sha256: hash,
    ...(claims.reason !== undefined && { reason: claims.reason }),
  };
  // The recipient refuses an envelope from the future, so no genuine answer precedes it by more.
  if (claims.iat + CLOCK_SKEW_S < envelope.iat) return { ...entry, problem: 'chain.order' };
  receipts.set(hash, claims);
  return entry;
}

/** Whether a genuine record is about this exchange, by one of its two sides. */
function problemOfExchange(
  claims: EvidenceClaims,
  envelope: EnvelopeClaims,
  envelopeSha256: string,
): ChainProblem | undefined {
  if (claims.iss !== envelope.iss && claims.iss !== envelope.aud) return 'chain.stranger';
  const { env } = claims;
  if (env === undefined || env.jti !== envelope.jti || env.iss !== envelope.iss)
    return 'chain.other_exchange';
  if (env.sha256 !== undefined && env.sha256 !== envelopeSha256) return 'chain.envelope_mismatch';
  if (env.manifest !== undefined && env.manifest !== envelope.manifest.sha256)
    return 'chain.manifest_mismatch';
  return undefined;
}

/** Whether a record cites what its event calls for, and it is there. */
function problemOfCitation(
  { entry, claims }: ReadRecord,
  envelope: EnvelopeClaims,
  submissions: ReadonlySet<string>,
  receipts: ReadonlyMap<string, ReceiptClaims>,
): ChainProblem | undefined {
  if (claims === undefined) return undefined;
  switch (claims.event) {
    case 'SubmissionAcceptance':
      if (claims.iss !== envelope.iss) return 'chain.stranger';
      return envelope.ev === entry.sha256 ? undefined : 'chain.not_cited';
    case 'ReceiptStored':
      if (claims.iss !== envelope.iss) return 'chain.stranger';
      return receipts.has(claims.cites ?? '') ? undefined : 'chain.cites_nothing';
    default:
      if (claims.cites === undefined) return undefined;
      return claims.cites === envelope.ev || submissions.has(claims.cites) || receipts.has(claims.cites)
        ? undefined
        : 'chain.cites_nothing';
  }
}

function outcomeOf(
  receipts: ReadonlyMap<string, ReceiptClaims>,
  records: readonly ReadRecord[],
): ChainReport['outcome'] {
  const events = new Set([...receipts.values()].map(({ event }) => event));
  if (events.size > 1) return 'contradictory';
  if (events.has('RelayAcceptance')) return 'accepted';
  if (events.has('RelayRejection')) return 'rejected';
  return records.some(isSound('RelayFailure')) ? 'unconfirmed' : 'open';
}

const isSound =
  (event: string) =>
  ({ entry }: ReadRecord): boolean =>
    entry.event === event && entry.problem === undefined;

function unreadable(record: string, problem: ChainProblem): ChainEntry {
  return { event: 'unreadable', sha256: sha256(record), problem };
}

/** SubmissionAcceptance precedes the envelope that cites it, though both bear the same second. */
const ORDER = ['SubmissionAcceptance', 'Envelope', 'RelayAcceptance', 'RelayRejection', 'ReceiptStored'];

function byTime(a: ChainEntry, b: ChainEntry): number {
  const rank = ({ event }: ChainEntry) => (ORDER.includes(event) ? ORDER.indexOf(event) : ORDER.length);
  return (a.at ?? Number.POSITIVE_INFINITY) - (b.at ?? Number.POSITIVE_INFINITY) || rank(a) - rank(b);
}
