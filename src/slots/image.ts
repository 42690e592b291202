import { imageSize } from 'image-size';
import { createTypeCheck } from '../exchange/index.ts';
import { Refusal } from '../protocol/refusal.ts';
import { IMAGE_MAX_BYTES, IMAGE_TYPES, type ImageType } from '../protocol/slot/message.ts';

/** A page decodes an image whole, whatever its bytes: as many pixels to a side at most. */
const MAX_SIDE = 4096;

export type ImageSize = { width: number; height: number };

/** The size in pixels of an image that a page may be given; undefined for any other, and for what is no image of that type. */
export function readImageSize(content: Buffer, type: string): ImageSize | undefined {
  if (!IMAGE_TYPES.some((one) => one === type)) return undefined;
  try {
    const { width, height } = type === 'image/jpeg' ? readJpegSize(content) : imageSize(content);
    const fits = [width, height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE);
    return fits ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}

/** Marker by marker to the frame header (ITU-T T.81 B.1.1): where another reader could go another way, it is none. */
function readJpegSize(content: Buffer): ImageSize {
  for (let at = 2; ; at += 2 + content.readUInt16BE(at + 2)) {
    const marker = content.readUInt8(at + 1);
    if (
      content.readUInt8(at) !== 0xff ||
      marker < 0xc0 ||
      marker === 0xff ||
      (marker >= 0xd0 && marker <= 0xda)
    )
      throw new Error('no frame header');
    if (marker >= 0xc0 && marker <= 0xc2)
      return { height: content.readUInt16BE(at + 5), width: content.readUInt16BE(at + 7) };
    if (marker < 0xd0 && marker !== 0xc4 && marker !== 0xcc) throw new Error('a frame nobody shows');
    if (content.readUInt16BE(at + 2) < 2) throw new Error('no length');
  }
}

/** An image as the institution gives it: base64, with or without padding. */
export type GivenImage = { type: ImageType; data: string };

/** @throws Refusal `message.image` */
export function readGivenImage({ type, data }: GivenImage): Buffer {
  const content = Buffer.from(data, 'base64');
  const refuse = (detail: string) => new Refusal('message.image', { pointer: '/image', detail });
  if (content.toString('base64').replace(/=+$/, '') !== data.replace(/=+$/, ''))
    throw refuse('the data is not base64');
  if (content.length === 0 || content.length > IMAGE_MAX_BYTES)
    throw refuse(`an image has 1 to ${IMAGE_MAX_BYTES} bytes`);
  const check = createTypeCheck(type);
  check.push(content);
  if (!check.end() || readImageSize(content, type) === undefined)
    throw refuse(`the data is no ${type} of at most ${MAX_SIDE} pixels to a side`);
  return content;
}
