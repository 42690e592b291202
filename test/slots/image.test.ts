import t from 'tap';
import { readGivenImage, readImageSize } from '../../src/slots/image.ts';
import { png } from '../support/png.ts';

const seg = (marker: number, payload: Buffer) => {
  const l = Buffer.alloc(2);
  l.writeUInt16BE(payload.length + 2);
  return Buffer.concat([Buffer.from([0xff, marker]), l, payload]);
};
const sof = (w: number, h: number) => {
  const b = Buffer.alloc(9);
  b[0] = 8;
  b.writeUInt16BE(h, 1);
  b.writeUInt16BE(w, 3);
  b[5] = 1;
  b[6] = 1;
  b[7] = 0x11;
  b[8] = 0;
  return seg(0xc0, b);
};
t.test('fill byte before SOF hides the real size', async (t) => {
  // A decoder (T.81 B.1.1.2: any marker may be preceded by fill bytes FF) sees FF FF C0 as SOF0 65500x65500.
  const app0 = seg(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'));
  const real = sof(65500, 65500);
  const head = Buffer.concat([Buffer.from([0xff, 0xd8]), app0, Buffer.from([0xff]), real]);
  // image-size goes on at the byte after "FF FF", reads C0 00 as a length, and looks 0xC000 further on.
  const at = 2 + app0.length + 2; // where it goes on
  const rest = Buffer.alloc(0xd000);
  const all = Buffer.concat([head, rest]);
  sof(100, 100).copy(all, at + 0xc000);
  t.same(readImageSize(all, 'image/jpeg'), undefined, 'a decoder sees 65500 x 65500');
  t.throws(() => readGivenImage({ type: 'image/jpeg', data: all.toString('base64') }));
});

t.test('images as they are', async (t) => {
  const app0 = seg(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'));
  const jpeg = (width: number, height: number) =>
    Buffer.concat([Buffer.from([0xff, 0xd8]), app0, sof(width, height), Buffer.from([0xff, 0xd9])]);
  t.same(readImageSize(jpeg(640, 400), 'image/jpeg'), { width: 640, height: 400 });
  t.same(readImageSize(jpeg(4096, 4096), 'image/jpeg'), { width: 4096, height: 4096 });
  t.equal(readImageSize(jpeg(4097, 1), 'image/jpeg'), undefined);
  t.equal(readImageSize(jpeg(0, 1), 'image/jpeg'), undefined);
  t.equal(readImageSize(Buffer.from([0xff, 0xd8, 0xff]), 'image/jpeg'), undefined, 'cut off');
  t.same(readImageSize(png(3, 2), 'image/png'), { width: 3, height: 2 });
  t.equal(readImageSize(png(3, 2), 'image/gif'), undefined);
});
