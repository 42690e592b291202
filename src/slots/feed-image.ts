import type { Database } from '../db/index.ts';
import type { BodyReader } from '../exchange/index.ts';
import { isUuid } from '../protocol/ids.ts';
import { decodeManifest } from '../protocol/manifest.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { ContactWishes } from './contact-store.ts';
import { readShownBody } from './feed-store.ts';

export type FeedImage = { type: string; content: Buffer };

/** The image of a message that was handed out to a customer. @throws Refusal `customer.not_found`, `message.not_found` */
export type FeedImages = { read(customer: string, message: string): Promise<FeedImage> };

export function createFeedImages(deps: {
  db: Database;
  exchange: () => { readonly bodies: BodyReader };
  requireKnown(customer: string): Promise<ContactWishes>;
}): FeedImages {
  return {
    async read(customer, message) {
      await deps.requireKnown(customer);
      const bodyId = isUuid(message)
        ? await deps.db.withClient((client) => readShownBody(client, customer, message))
        : undefined;
      if (bodyId === undefined) throw new Refusal('message.not_found');
      const body = (await deps.exchange().bodies.open([bodyId])).get(bodyId);
      const manifest = body?.manifest();
      const image = manifest && decodeManifest(manifest).content;
      if (body === undefined || image === undefined) throw new Refusal('message.not_found');
      // Small by the protocol: it may be held whole.
      const chunks: Buffer[] = [];
      for await (const chunk of body.content()) chunks.push(chunk);
      return { type: image.type, content: Buffer.concat(chunks) };
    },
  };
}
