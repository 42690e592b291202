import { randomBytes } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import { sha256 } from '../src/protocol/digest.ts';
import { signEnvelope } from '../src/protocol/envelope.ts';
import type { EntityId, ExchangeId, LinkId } from '../src/protocol/ids.ts';
import type { Signer } from '../src/protocol/jose/keys.ts';
import { encodeManifest } from '../src/protocol/manifest.ts';
import { encodeRandom128 } from '../src/protocol/nonce.ts';
import { SAMPLE_FIELDS, sampleContent } from './sample-content.ts';

/** One exchange, signed and ready to leave. The content is shared with others: it stays outside until it is sent. */
export type Push = { jti: string; envelope: string; manifest: Buffer; content: Buffer };

export type PushPlan = { count: number; contentBytes: number; aud: string; links: readonly string[] };

const DISTINCT_CONTENTS = 64;
const LIFETIME_S = 7 * 86_400;
/** Signed between two looks at the event loop, so that the peer goes on answering meanwhile. */
const TURN = 200;

/** Signs `count` document pushes, every one under an id and a manifest of its own, over the links in turn. */
export async function makePushes(
  plan: PushPlan,
  sender: { entityId: string; signer: Signer },
): Promise<Push[]> {
  const contents = Array.from({ length: Math.min(plan.count, DISTINCT_CONTENTS) }, () => {
    const bytes = sampleContent(plan.contentBytes);
    return { bytes, sha256: sha256(bytes) };
  });
  const iat = Math.floor(Date.now() / 1000);
  const pushes: Push[] = [];
  for (let made = 0; made < plan.count; made++) {
    const content = contents[made % contents.length] as (typeof contents)[number];
    const jti = uuidV7() as ExchangeId;
    const manifest = encodeManifest({
      salt: encodeRandom128(randomBytes(16)),
      body: { ...SAMPLE_FIELDS },
      content: {
        sha256: content.sha256,
        size: content.bytes.length,
        type: 'application/pdf',
        name: `bulletin-${made}.pdf`,
      },
    });
    const envelope = await signEnvelope(
      {
        iss: sender.entityId as EntityId,
        aud: plan.aud as EntityId,
        jti,
        iat,
        exp: iat + LIFETIME_S,
        act: 'document.push',
        sub: plan.links[made % plan.links.length] as LinkId,
        manifest: { sha256: sha256(manifest), size: manifest.length },
        content: { size: content.bytes.length },
        ev: sha256(jti),
        inc: iat,
      },
      sender.signer,
    );
    pushes.push({ jti, envelope, manifest, content: content.bytes });
    if (made % TURN === TURN - 1) await new Promise(setImmediate);
  }
  return pushes;
}
