import type { Config } from '../../config.ts';
import type { KeyStore } from '../../keys/index.ts';
import {
  ENTITY_CONFIGURATION_PATH,
  ENTITY_STATEMENT_MAX_BYTES,
  ENTITY_STATEMENT_MEDIA_TYPE,
  verifyEntityConfiguration,
} from '../../protocol/entity-configuration.ts';
import { createGuardedFetch } from '../../registry/index.ts';
import { type Finding, failed, ok, skipped } from './finding.ts';

const HINTS: Readonly<Record<string, string>> = {
  'fetch.dns': 'the name has no address: check the DNS entry',
  'fetch.connect': 'nothing listens there, or a firewall is in between',
  'fetch.tls': 'the certificate is not valid for this name, or its chain is not complete',
  'fetch.timeout': 'something takes the connection and does not answer',
  'fetch.redirect': 'it must answer by itself: peers follow no redirect',
  'fetch.status': 'a proxy answers, but does not pass /.well-known and /federation on to the node',
  'fetch.content_type': 'something else answers at this address',
  'entity.mismatch': 'another node answers at this address',
  'entity.not_pinned': 'a node with other keys answers at this address',
};

/** Fetches this node's entity configuration the way its peers do: through its public address. */
export async function checkPublicUrl(
  config: Config,
  keys: KeyStore | undefined,
  nowMs: number,
): Promise<Finding> {
  const check = 'public URL';
  const { publicUrl } = config;
  if (publicUrl === undefined) {
    return skipped(check, 'not set: federation is off', 'INTERVAULT_PUBLIC_URL turns it on');
  }
  // Seen from inside, one's own name may well have a private address.
  const fetchDocument = createGuardedFetch({ allowPrivate: true });
  const fetched = await fetchDocument({
    url: `${publicUrl}${ENTITY_CONFIGURATION_PATH}`,
    mediaType: ENTITY_STATEMENT_MEDIA_TYPE,
    maxBytes: ENTITY_STATEMENT_MAX_BYTES,
  });
  if (!fetched.ok) return refused(check, publicUrl, fetched);
  const own = keys === undefined ? undefined : new Set(keys.publicKeys('federation').map(({ kid }) => kid));
  const verified = await verifyEntityConfiguration(fetched.body.toString('latin1'), {
    entityId: publicUrl,
    isTrusted: (kid) => own?.has(kid) ?? true,
    now: nowMs / 1000,
    allowInsecure: config.allowInsecurePeers,
  });
  return verified.ok
    ? ok(check, `${publicUrl} answers with this node's configuration`)
    : refused(check, publicUrl, verified);
}

function refused(
  check: string,
  url: string,
  { reason, detail }: { reason: string; detail?: string },
): Finding {
  const text = `${url}: ${reason}${detail === undefined ? '' : ` (${detail})`}`;
  return failed(check, text, HINTS[reason] ?? 'peers see the same, and can’t exchange with this node');
}
