import type { Test } from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { captureLog } from '../http/harness.ts';
import { type Crafted, craft, PDF } from '../support/craft.ts';
import { peerNodes, seedLink, startTestNode, type TestNode } from '../support/node.ts';

/** What must never be seen in a log, whatever goes wrong: each stands in every exchange a bench makes. */
export const SECRETS = {
  title: 'Facture de Camille Durand',
  name: 'facture.pdf',
  content: 'SOLDE-4711-EUROS',
} as const;

export const CONTENT = Buffer.concat([PDF, Buffer.from(SECRETS.content)]);
export const BODY = { type: 'billing.invoice', title: SECRETS.title, issuedAt: '2026-11-01', language: 'fr' };

export type Bench = {
  a: TestNode;
  b: TestNode;
  link: Awaited<ReturnType<typeof seedLink>>;
  /** An exchange of `a` that `b` accepts, unless something in it is made wrong. */
  craft(options?: Parameters<typeof craft>[2]): Promise<Crafted>;
  /** The same with a manifest of any bytes at all, digested and signed as they are. */
  craftManifest(bytes: Buffer, content?: Buffer): Promise<Crafted>;
  /** What `b` keeps of an exchange. */
  kept(jti: string): Promise<Kept>;
  log: ReturnType<typeof captureLog>;
};

export type Kept = { decisions: number; documents: number; records: number; open: number };

/** Refused without a decision: as if it had never come. */
export const NOTHING: Kept = { decisions: 0, documents: 0, records: 0, open: 0 };
/** Refused for good: the decision and its receipt, and nothing of the document. */
export const DECISION: Kept = { decisions: 1, documents: 0, records: 1, open: 0 };
export const ACCEPTED: Kept = { decisions: 1, documents: 1, records: 1, open: 0 };

/** Two whole nodes that are peers and share a link; everything `b` logs is kept. */
export async function startBench(
  t: Test,
  options: {
    sender?: Parameters<typeof startTestNode>[1];
    recipient?: Parameters<typeof startTestNode>[1];
  } = {},
): Promise<Bench> {
  const log = captureLog();
  const a = await startTestNode(t, options.sender);
  const b = await startTestNode(t, { logger: log.logger, ...options.recipient });
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  return {
    a,
    b,
    link,
    log,
    craft: (given = {}) => craft(a, b, { link, body: BODY, content: CONTENT, ...given }),
    async craftManifest(bytes, content = CONTENT) {
      const claims = { manifest: { sha256: sha256(bytes), size: bytes.length } };
      return { ...(await craft(a, b, { link, content, claims })), manifest: bytes };
    },
    async kept(jti) {
      const { rows } = await b.db.withClient((client) =>
        client.query(
          `select (select count(*)::int from inbound_exchanges where jti = $1) as decisions,
                  (select count(*)::int from received_documents where jti = $1) as documents,
                  (select count(*)::int from evidence_records where exchange_jti = $1) as records,
                  (select count(*)::int from bodies where state = 'open') as open`,
          [jti],
        ),
      );
      return rows[0];
    },
  };
}

/** Nothing personal, nothing secret: no title, name or content, no envelope, no token, no key. */
export function checkLog(t: Test, { log, a, b }: Bench, crafted: readonly Crafted[]): void {
  const text = log.text();
  t.not(text, '', 'something was logged');
  for (const [what, secret] of Object.entries(SECRETS)) t.notOk(text.includes(secret), `no ${what}`);
  const leaked = crafted.filter(({ envelope, manifest }) => {
    const salt = /"salt":"([^"]{20,})"/.exec(manifest.toString('latin1'))?.[1];
    return [envelope.slice(0, 60), envelope.slice(-40), salt].some((part) => part && text.includes(part));
  });
  t.same(leaked, [], 'no envelope and no manifest');
  t.notMatch(text, /eyJ[A-Za-z0-9_-]{20}/, 'no JWS');
  t.notMatch(text, /PRIVATE KEY|"d":"/, 'no private key');
  t.notMatch(text, /%PDF/, 'no bytes of a document');
  for (const { env } of [a, b]) {
    const url = env['DATABASE_URL'] ?? '';
    t.notOk(url !== '' && text.includes(url), 'no database URL');
  }
}
