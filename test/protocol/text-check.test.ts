import fc from 'fast-check';
import t from 'tap';
import { createTextCheck, decodeText } from '../../src/protocol/text-check.ts';

function isText(...chunks: Uint8Array[]): boolean {
  const check = createTextCheck();
  return chunks.every((chunk) => check.push(chunk)) && check.end();
}

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');

t.test('text passes however it is cut', async (t) => {
  const text = Buffer.from('\ufeffReçu n° 12 — 1 234,50 €\r\n\tété 𝄞 日本\f\n');
  t.ok(isText(text));
  for (let cut = 0; cut <= text.length; cut++) t.ok(isText(text.subarray(0, cut), text.subarray(cut)));
  t.ok(isText(...Array.from(text, (byte) => Uint8Array.of(byte))), 'byte by byte');
  t.ok(isText(), 'nothing at all');
});

t.test('what is not UTF-8 fails, at the push where it shows or at the end', async (t) => {
  const wrong = {
    'a lone continuation byte': '41 80',
    'an overlong slash': 'c0 af',
    'an overlong NUL': 'c0 80',
    'a surrogate': 'ed a0 80',
    'beyond U+10FFFF': 'f4 90 80 80',
    'a byte UTF-8 never has': 'ff',
    'Latin-1': '63 e9 65',
    'UTF-16': 'ff fe 41 00',
    'a character broken off': 'e2 82 41',
  };
  for (const [name, digits] of Object.entries(wrong)) {
    t.notOk(isText(hex(digits)), name);
    t.notOk(isText(...Array.from(hex(digits), (byte) => Uint8Array.of(byte))), `${name}, byte by byte`);
  }
  for (const cut of ['c3', 'e2 82', 'f0 9d 84']) {
    const check = createTextCheck();
    t.ok(check.push(hex(cut)));
    t.notOk(check.end(), `ends after ${cut}`);
  }
});

t.test('control characters fail, but for tab, line feed, form feed and carriage return', async (t) => {
  for (let code = 0; code <= 0xff; code++) {
    const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    const allowed = !isControl || [0x09, 0x0a, 0x0c, 0x0d].includes(code);
    t.equal(isText(Buffer.from(`a${String.fromCharCode(code)}b`)), allowed, `U+${code.toString(16)}`);
  }
  t.notOk(isText(hex('c2'), hex('9b')), 'CSI cut in two');
});

t.test('once wrong, always wrong', async (t) => {
  const check = createTextCheck();
  t.notOk(check.push(hex('00')));
  t.notOk(check.push(Buffer.from('fine')));
  t.notOk(check.end());
});

t.test('it agrees with Node on any bytes in any chunks', async (t) => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.string({ unit: 'binary' }).map(Buffer.from));
  const agrees = fc.property(fc.array(bytes, { maxLength: 6 }), (chunks) => {
    const whole = Buffer.concat(chunks);
    const text = whole.toString('utf8');
    const expected = Buffer.from(text).equals(whole) && !/[^\P{Cc}\t\n\f\r]/u.test(text);
    return isText(...chunks) === expected;
  });
  t.doesNotThrow(() => fc.assert(agrees, { numRuns: 500 }));
});

t.test('a head may end within a character, a whole may not', async (t) => {
  const cut = Buffer.from('12 €').subarray(0, 5);
  t.equal(decodeText(cut, { complete: false }), '12 ');
  t.equal(decodeText(cut, { complete: true }), undefined);
  t.equal(decodeText(Buffer.from('\ufeffx'), { complete: true }), '\ufeffx');
  t.equal(decodeText(hex('41 00'), { complete: false }), undefined);
});
