import { createHash } from 'node:crypto';
import { sha256 } from '../protocol/digest.ts';
import { verifyEvidence } from '../protocol/evidence-record.ts';
import { importJwks, type VerificationKey } from '../protocol/jose/keys.ts';
import { parseReceipt, verifyReceipt } from '../protocol/receipt.ts';
import type { Pushed } from './push.ts';
import type { Party } from './setup.ts';
import type { Timeline } from './timeline.ts';

/** What was counted, none of it assumed. */
export type Verdict = {
  /** Documents whose bytes in the recipient's vault are those that were handed in. */
  delivered: number;
  duplicates: number;
  lost: number;
  receiptsVerified: number;
  /** Both sides hold the same receipt, byte for byte. */
  receiptsAgree: number;
};

type InboxPage = { documents: { id: string; exchange: string }[]; next: string | null };
type EvidenceAnswer = { records: { event: string; issuer: string; jws: string }[]; envelope: string };

const CONCURRENCY = 8;

/** Compares every byte and checks every proof, from what both nodes answer over their APIs. */
export async function verifyAll(
  parties: { a: Party; b: Party },
  pushed: readonly Pushed[],
  timeline: Timeline,
): Promise<Verdict> {
  const { a, b } = parties;
  const received = await listInbox(b);
  const [keysA, keysB] = await Promise.all([exchangeKeys(a), exchangeKeys(b)]);
  const verdict: Verdict = { delivered: 0, duplicates: 0, lost: 0, receiptsVerified: 0, receiptsAgree: 0 };
  const known = new Set(pushed.map(({ id }) => id));
  for (const [exchange, documents] of received) {
    verdict.duplicates += documents.length - 1;
    if (!known.has(exchange)) verdict.duplicates += 1;
  }

  let done = 0;
  await inParallel(pushed, async (document) => {
    const inboxId = received.get(document.id)?.[0];
    if (inboxId === undefined) verdict.lost += 1;
    else if ((await digestOfContent(b, inboxId)) === document.sha256) verdict.delivered += 1;
    else
      timeline.say(b.institution.name, `${document.file.name}: the bytes are not those that were handed in`);

    const sent = await a.integrator.get<EvidenceAnswer>(`/v1/documents/${document.id}/evidence`);
    const receipt = await verifiedReceipt(sent, { a, b, id: document.id, keysA, keysB });
    if (receipt !== undefined) verdict.receiptsVerified += 1;
    if (inboxId !== undefined && receipt !== undefined) {
      const kept = await b.vault.get<EvidenceAnswer>(`/v1/inbox/${inboxId}/evidence`);
      if (kept.records.some(({ jws }) => jws === receipt)) verdict.receiptsAgree += 1;
    }
    timeline.progress(`${++done} of ${pushed.length} compared and verified`);
  });
  return verdict;
}

/** The recipient's receipt, where it and the sender's own records hold. */
async function verifiedReceipt(
  answer: EvidenceAnswer,
  context: {
    a: Party;
    b: Party;
    id: string;
    keysA: Map<string, VerificationKey>;
    keysB: Map<string, VerificationKey>;
  },
): Promise<string | undefined> {
  const jws = answer.records.find(({ event }) => event === 'RelayAcceptance')?.jws;
  const parsed = jws === undefined ? undefined : parseReceipt(jws);
  if (jws === undefined || parsed?.ok !== true) return undefined;
  const key = context.keysB.get(parsed.jws.header.kid);
  if (key === undefined) return undefined;
  const verified = await verifyReceipt(parsed.jws, key, {
    iss: context.b.institution.url,
    aud: context.a.institution.url,
    jti: context.id,
    envelopeSha256: sha256(answer.envelope),
  });
  if (!verified.ok) return undefined;
  const stored = answer.records.find(({ event }) => event === 'ReceiptStored')?.jws;
  const own =
    stored === undefined ? undefined : await verifyEvidence(stored, (kid) => context.keysA.get(kid));
  return own?.ok === true && own.claims.cites === sha256(jws) ? jws : undefined;
}

async function listInbox(b: Party): Promise<Map<string, string[]>> {
  const received = new Map<string, string[]>();
  let cursor = '';
  do {
    const page = await b.vault.get<InboxPage>(
      `/v1/inbox?limit=100&order=oldest${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    for (const { id, exchange } of page.documents) {
      received.set(exchange, [...(received.get(exchange) ?? []), id]);
    }
    cursor = page.next ?? '';
  } while (cursor !== '');
  return received;
}

async function digestOfContent(b: Party, id: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of await b.vault.download(`/v1/inbox/${id}/content`)) digest.update(chunk);
  return digest.digest('hex');
}

/** The keys that speak for a node, from the configuration it publishes. */
async function exchangeKeys({ institution }: Party): Promise<Map<string, VerificationKey>> {
  const response = await fetch(`${institution.url}/.well-known/openid-federation`);
  const payload = (await response.text()).split('.')[1] ?? '';
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    metadata: { ivx_node: { jwks: unknown } };
  };
  const imported = importJwks(claims.metadata.ivx_node.jwks);
  if (!imported.ok) throw new Error(`${institution.name} publishes no usable keys`);
  return new Map(imported.keys.map((key) => [key.kid, key]));
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
