import type { SlotContext } from './context.ts';
import { h, listen } from './dom.ts';
import type { FeedItem } from './shapes.ts';

const SHOWN = /^image\/(?:png|jpeg)$/;

export type MessageImage = { element: HTMLImageElement; close(): void };

/**
 * A message's image, from the vault's own node: fetched with the session, shown from memory. An image that cannot be
 * had leaves its words in its place.
 */
export function createImage(
  { id, image }: FeedItem,
  { api }: Pick<SlotContext, 'api'>,
): MessageImage | undefined {
  if (image === undefined) return undefined;
  const { alt } = image;
  const element = h('img', { class: 'image', part: 'image', alt, decoding: 'async' });
  let address: string | undefined;
  let closed = false;
  const free = () => {
    if (address !== undefined) URL.revokeObjectURL(address);
    address = undefined;
  };
  const show = async () => {
    const blob = await api.image(id);
    if (closed || !SHOWN.test(blob.type)) throw new Error('no image');
    address = URL.createObjectURL(blob);
    element.src = address;
  };
  listen(element, { load: free, error: free });
  show().catch(() => {
    if (alt === '') element.remove();
    else element.replaceWith(h('p', { class: 'meta' }, alt));
  });
  return {
    element,
    close() {
      closed = true;
      free();
    },
  };
}
