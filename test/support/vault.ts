import type { Test } from 'tap';
import type { EvidenceRow } from '../../src/evidence/index.ts';
import { EVIDENCE_TYP, verifyEvidence } from '../../src/protocol/evidence-record.ts';
import type { LinkId } from '../../src/protocol/ids.ts';
import { parseReceipt, verifyReceipt } from '../../src/protocol/receipt.ts';
import { type ApiClient, createApiClient, submissionForm } from './api.ts';
import { eventually, peerNodes, seedLink, startTestNode, type TestNode } from './node.ts';

/** Bytes that look like a PDF and don't compress, as many as wanted. */
export function pdfOf(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0, value = seed; at < size; at++) {
    value = (Math.imul(value, 1_103_515_245) + 12_345) & 0x7fffffff;
    bytes[at] = value >>> 16;
  }
  bytes.set(Buffer.from('%PDF-1.7\n'));
  return bytes;
}

export type SendOptions = {
  bytes?: Uint8Array<ArrayBuffer>;
  metadata?: Record<string, unknown>;
  name?: string;
};

export type Sent = { sent: string; received: string; bytes: Uint8Array<ArrayBuffer> };

export type Pair = {
  a: TestNode;
  b: TestNode;
  link: LinkId;
  integrator: ApiClient;
  vault: ApiClient;
  operator: ApiClient;
  /** Sends one document from A to B and waits for its receipt; its ids on both sides. */
  send(options?: SendOptions): Promise<Sent>;
  /** Submits without waiting; its id. */
  submit(options?: SendOptions): Promise<string>;
  /** Waits until A shows a document in a state. */
  untilSent(id: string, state: string): Promise<void>;
};

/** A sends, B is the vault; both whole nodes, linked. */
export async function startPair(
  t: Test,
  options: { a?: Record<string, string>; b?: Record<string, string>; readReceipts?: boolean } = {},
): Promise<Pair> {
  const a = await startTestNode(t, { env: options.a ?? {} });
  const b = await startTestNode(t, { env: options.b ?? {} });
  await peerNodes(a, b);
  const take = { documents: ['billing.invoice', 'other'], readReceipts: options.readReceipts ?? true };
  const link = await seedLink(a, b, { scopes: { [a.url]: take, [b.url]: take } });
  const integrator = await createApiClient(a, 'integrator');

  async function submit(given: SendOptions = {}): Promise<string> {
    const metadata = {
      link,
      type: 'billing.invoice',
      title: 'Facture de novembre',
      issuedAt: '2026-11-01',
      language: 'fr',
      ...given.metadata,
    };
    const file = given.bytes ?? pdfOf(5_000);
    const form = submissionForm(metadata, file, { ...(given.name !== undefined && { name: given.name }) });
    const answer = await integrator.call('POST', '/v1/documents', { body: form });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body['id'] as string;
  }

  async function untilSent(id: string, state: string): Promise<void> {
    await eventually(async () => (await a.documents.sent(id))?.state === state);
  }

  return {
    a,
    b,
    link,
    integrator,
    vault: await createApiClient(b, 'vault'),
    operator: await createApiClient(b, 'operator'),
    submit,
    untilSent,
    async send(given = {}) {
      const bytes = given.bytes ?? pdfOf(5_000);
      const sent = await submit({ ...given, bytes });
      const received = await eventually(() =>
        b.db.read.selectFrom('received_documents').select('id').where('jti', '=', sent).executeTakeFirst(),
      );
      await eventually(async () =>
        ['accepted', 'consigned'].includes((await a.documents.sent(sent))?.state ?? ''),
      );
      return { sent, received: received.id, bytes };
    },
  };
}

/** Events of a chain, each record verified under the keys of who issued it; throws where one doesn't hold. */
export async function verifiedEvents(
  records: readonly EvidenceRow[],
  nodes: readonly TestNode[],
): Promise<string[]> {
  const node = (url: string) => nodes.find((candidate) => candidate.url === url);
  const verify = async ({ event, issuer, jws }: EvidenceRow): Promise<string> => {
    const findKey = (kid: string) => node(issuer)?.registry.self.verificationKey(kid);
    const header = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString('utf8')) as {
      typ: string;
      kid: string;
    };
    if (header.typ === EVIDENCE_TYP) {
      const verified = await verifyEvidence(jws, findKey);
      if (!verified.ok) throw new Error(`${event} of ${issuer}: ${verified.reason}`);
      return verified.claims.event;
    }
    const parsed = parseReceipt(jws);
    const key = findKey(header.kid);
    if (!parsed.ok || key === undefined) throw new Error(`${event} of ${issuer} is no receipt`);
    const { aud, env } = parsed.jws.claims as { aud: string; env: { jti: string; sha256: string } };
    const verified = await verifyReceipt(parsed.jws, key, {
      iss: issuer,
      aud,
      jti: env.jti,
      envelopeSha256: env.sha256,
    });
    if (!verified.ok) throw new Error(`${event} of ${issuer}: ${verified.reason}`);
    return verified.claims.event;
  };
  return Promise.all(records.map(verify));
}
