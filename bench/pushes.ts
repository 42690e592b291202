import { randomBytes } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import { sha256 } from '../src/protocol/digest.ts';
import { type EnvelopeClaims, signEnvelope } from '../src/protocol/envelope.ts';
import type { EntityId, ExchangeId, LinkId } from '../src/protocol/ids.ts';
import type { Signer } from '../src/protocol/jose/keys.ts';
import { encodeManifest, type Manifest } from '../src/protocol/manifest.ts';
import { encodeRandom128 } from '../src/protocol/nonce.ts';
import { SAMPLE_FIELDS, sampleContent } from './sample-content.ts';

/** One exchange, signed and ready to leave. The content is shared with others: it stays outside until it is sent. */
export type Push = { jti: string; envelope: string; manifest: Buffer; content: Buffer };

export type PushPlan = { count: number; contentBytes: number; aud: string; links: readonly string[] };

const DISTINCT_CONTENTS = 64;
const LIFETIME_S = 7 * 86_400;
/** Signed between two looks at the event loop, so that the peer goes on answering meanwhile. */
export const TURN = 200;

/** Signs `count` document pushes, every one under an id and a manifest of its own, over the links in turn. */
export async function makePushes(
  plan: PushPlan,
  sender: { entityId: string; signer: Signer; inc: number },
): Promise<Push[]> {
  const contents = Array.from({ length: Math.min(plan.count, DISTINCT_CONTENTS) }, () => {
    const bytes = sampleContent(plan.contentBytes);
    return { bytes, sha256: sha256(bytes) };
  });
  const pushes: Push[] = [];
  for (let made = 0; made < plan.count; made++) {
    const content = contents[made % contents.length] as (typeof contents)[number];
    const push = await signPush(
      {
        iss: sender.entityId as EntityId,
        aud: plan.aud as EntityId,
        act: 'document.push',
        sub: plan.links[made % plan.links.length] as LinkId,
        inc: sender.inc,
      },
      {
        body: { ...SAMPLE_FIELDS },
        content: content.bytes,
        described: {
          sha256: content.sha256,
          size: content.bytes.length,
          type: 'application/pdf',
          name: `bulletin-${made}.pdf`,
        },
      },
      sender.signer,
    );
    pushes.push(push);
    if (made % TURN === TURN - 1) await new Promise(setImmediate);
  }
  return pushes;
}

/** One exchange under an id of its own, `described` being what its manifest says of its content. */
export async function signPush(
  claims: Pick<EnvelopeClaims, 'iss' | 'aud' | 'act' | 'sub' | 'agr' | 'inc'>,
  carried: { body: Manifest['body']; content: Buffer; described?: Manifest['content'] },
  signer: Signer,
): Promise<Push> {
  const { body, content, described } = carried;
  const jti = uuidV7() as ExchangeId;
  const iat = Math.floor(Date.now() / 1000);
  const manifest = encodeManifest({
    salt: encodeRandom128(randomBytes(16)),
    body,
    ...(described && { content: described }),
  });
  const envelope = await signEnvelope(
    {
      ...claims,
      jti,
      iat,
      exp: iat + LIFETIME_S,
      manifest: { sha256: sha256(manifest), size: manifest.length },
      ...(described && { content: { size: content.length } }),
      ev: sha256(jti),
    },
    signer,
  );
  return { jti, envelope, manifest, content };
}
