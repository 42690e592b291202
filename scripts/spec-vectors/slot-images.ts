import type { RefusalCode } from '../../src/protocol/refusal.ts';
import { current } from './agreement-states.ts';
import { bits128, CONTENT, digest } from './fixtures.ts';
import { acceptance, partner, put, refusal } from './refusal-requests.ts';
import type { RefusalCase, WireRequest } from './refusal-shapes.ts';
import { messageBody, TEXT } from './slot-messages.ts';
import { slotLink } from './slot-states.ts';

/** A PNG of one grey pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);
const WIDE = Buffer.concat([PIXEL.subarray(0, 16), Buffer.from([0, 0, 16, 1]), PIXEL.subarray(20)]);
const ALT = { texts: [{ ...TEXT, imageAlt: 'Une maison' }] };
const TAKES_IMAGES = { slot: 'with-image', ...ALT };

/** A message whose content is said to be of this type. */
function withImage(name: string, content: Buffer, type: string, changes: object): WireRequest {
  const described = { sha256: digest(content), size: content.length, type, name: 'image.png' };
  const manifest = JSON.stringify({
    salt: bits128(name),
    body: messageBody(changes as Record<string, unknown>),
    content: described,
  });
  const claims = {
    iss: partner.id,
    act: 'slot.message',
    agr: current.id,
    sub: slotLink('images'),
    content: { size: content.length },
  };
  return put({ name, key: partner.exchange, manifest, content, claims });
}

/** What a message is refused for that has an image, or says so. */
export function imageCases(): RefusalCase[] {
  const wrong = (name: string, content: Buffer, changes: object = TAKES_IMAGES, type = 'image/png') =>
    refusal('message.image', withImage(name, content, type, changes));
  const code: RefusalCode = 'message.image';
  return [
    {
      code,
      name: 'a message with an image that the slot does not take',
      steps: [
        acceptance(withImage('an image', PIXEL, 'image/png', TAKES_IMAGES), { outcome: 'placed' }),
        wrong('an image where none is taken', PIXEL, ALT),
        wrong('an image without words', PIXEL, { slot: 'with-image' }),
        wrong('an image over 4096 pixels wide', WIDE),
        wrong('a text for an image', CONTENT, TAKES_IMAGES, 'text/plain'),
        wrong('an image of more bytes than the slot takes', Buffer.concat([PIXEL, Buffer.alloc(1024)])),
      ],
    },
    {
      code: 'content.too_large',
      name: 'a message with an image over 256 KiB',
      steps: [
        refusal(
          'content.too_large',
          withImage(
            'an image over 256 KiB',
            Buffer.concat([PIXEL, Buffer.alloc(256 * 1024)]),
            'image/png',
            TAKES_IMAGES,
          ),
        ),
      ],
    },
  ];
}
