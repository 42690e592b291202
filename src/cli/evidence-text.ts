import type { ApiClient } from '../api-client/index.ts';
import type { ChainEntry, ChainReport } from '../protocol/evidence-chain.ts';
import { importPublicJwk, type VerificationKey } from '../protocol/jose/keys.ts';
import { formatTime, renderTable } from './output.ts';
import { peerPath } from './peer-shapes.ts';

type KeyShape = { kid: string; purpose: string; status?: string; state?: string; jwk: unknown };

export type Keys = Map<string, { key: VerificationKey; disowned: boolean }>;

/** What {@link readKeys} calls. */
export const KEY_OPERATIONS = ['listKeys', 'getNode', 'getPeer'] as const;

/** Every exchange key that either side ever had, by `issuer kid`. */
export async function readKeys(api: ApiClient, peer: string): Promise<Keys> {
  const [own, node, other] = await Promise.all([
    api.get<{ keys: KeyShape[] }>('/v1/keys'),
    api.get<{ entityId?: string }>('/v1/node'),
    api.get<{ keys: KeyShape[] }>(peerPath(peer)),
  ]);
  const keys: Keys = new Map();
  const add = (issuer: string, shapes: readonly KeyShape[]) => {
    for (const { kid, purpose, jwk, status, state } of shapes) {
      if (purpose !== 'exchange') continue;
      const imported = importPublicJwk(jwk);
      // A key whose thumbprint is not its name is of no use, whoever listed it.
      if (!imported.ok || imported.key.kid !== kid) continue;
      keys.set(`${issuer} ${kid}`, { key: imported.key, disowned: (status ?? state) === 'revoked' });
    }
  };
  add(node.entityId ?? '', own.keys);
  add(peer, other.keys);
  return keys;
}

/** Every statement of an exchange, and what is missing. `meaning` tells in words what one attests. */
export function chainText(
  report: ChainReport,
  keys: Keys,
  meaning: (entry: ChainEntry) => string | undefined,
): string {
  const table = renderTable(
    ['CHECK', 'WHEN', 'WHO', 'ATTESTS', 'WHICH MEANS'],
    report.entries.map((entry) => [
      entry.problem === undefined ? 'holds' : 'BROKEN',
      entry.at === undefined ? '' : (formatTime(new Date(entry.at * 1000).toISOString()) ?? ''),
      entry.issuer ?? '',
      entry.event,
      meaningOf(entry, keys, meaning),
    ]),
  );
  return [table, ...report.missing.map((code) => `MISSING ${code}: ${MISSING[code]}`)].join('\n');
}

const MISSING: Readonly<Record<ChainReport['missing'][number], string>> = {
  'chain.envelope': 'no genuine envelope of this exchange',
  'chain.submission': 'the envelope cites a submission that is not here',
  'chain.receipt_stored': 'this node never attested that it holds the receipt',
  'chain.receipt': 'the receipt that this node gave is not here',
};

function meaningOf(
  entry: ChainEntry,
  keys: Keys,
  meaning: (entry: ChainEntry) => string | undefined,
): string {
  const known = keys.get(`${entry.issuer} ${entry.kid}`);
  return [
    entry.problem ?? meaning(entry) ?? '',
    entry.problem === undefined && entry.reason !== undefined && entry.reason,
    known?.disowned === true && 'the key was disowned since',
  ]
    .filter((text) => text !== false && text !== '')
    .join('; ');
}
