import fc from 'fast-check';
import t from 'tap';
import { decodeBase64url, encodeBase64url } from '../../../src/protocol/jose/base64url.ts';

t.test('what is encoded decodes to the same bytes', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64url(bytes);
      return /^[A-Za-z0-9_-]*$/.test(text) && decodeBase64url(text)?.equals(bytes) === true;
    }),
  );
});

t.test('only the one spelling of the bytes is accepted', async () => {
  const sixBits = fc.constantFrom(...'ABCwxyz0123456789-_+/= \n.\0é');
  fc.assert(
    fc.property(fc.string({ unit: sixBits, maxLength: 12 }), (text) => {
      const bytes = decodeBase64url(text);
      return bytes === undefined || encodeBase64url(bytes) === text;
    }),
    { numRuns: 2000 },
  );
});

t.test('RFC 4648 section 10, and its neighbours', async (t) => {
  for (const [text, bytes] of [
    ['', ''],
    ['Zg', 'f'],
    ['Zm8', 'fo'],
    ['Zm9v', 'foo'],
    ['Zm9vYmFy', 'foobar'],
  ] as const) {
    t.equal(decodeBase64url(text)?.toString(), bytes);
  }
  t.equal(decodeBase64url('-_8')?.toString('hex'), 'fbff');
  for (const text of [
    'Zg==',
    'Zg=',
    'Z',
    'Zm9vY',
    'Zh',
    'Zm9',
    '+/8',
    'Zm 9v',
    'Zm9v\n',
    '\tZm9v',
    'Zm9v.',
    'Zm9vé',
  ]) {
    t.equal(decodeBase64url(text), undefined, JSON.stringify(text));
  }
});

t.test('a view into a larger buffer is encoded alone', async (t) => {
  t.equal(encodeBase64url(new Uint8Array([0, 102, 111, 111, 0]).subarray(1, 4)), 'Zm9v');
});
