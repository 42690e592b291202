import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { isJsonObject, type JsonValue, parseStrictJson } from '../../../src/protocol/jose/strict-json.ts';

const refused = (reason: string) => ({ ok: false, reason });

/** What may not be in a value, found another way than the parser's. */
function isForbidden(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (Array.isArray(value)) return value.some(isForbidden);
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(
    ([key, member]) => key === '__proto__' || isForbidden(key) || isForbidden(member),
  );
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('\0', '\ud800', '__proto__', '"\\'),
);
const anyValue = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      anyText,
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 4 }),
  ),
})).value;

t.test('agrees with JSON.parse on what both accept, and refuses only the forbidden', async () => {
  let accepted = 0;
  let forbidden = 0;
  fc.assert(
    fc.property(anyValue, fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const expected: unknown = JSON.parse(text);
      for (const input of [text, Buffer.from(text), new Uint8Array(Buffer.from(text))]) {
        const result = parseStrictJson(input);
        if (isForbidden(expected)) {
          assert.deepEqual(result, refused('json.forbidden_character'));
          forbidden++;
        } else {
          assert.deepEqual(result, { ok: true, value: expected });
          accepted++;
        }
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(accepted > 100 && forbidden > 100, `${accepted} accepted, ${forbidden} forbidden`);
});

t.test('a text with one character changed is never read as anything but what JSON.parse reads', async () => {
  fc.assert(
    fc.property(
      anyValue,
      fc.nat(),
      fc.constantFrom(...'{}[]",:\\u0n1e+-. \0'),
      (value, position, character) => {
        const text = JSON.stringify(value);
        const at = position % text.length;
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        const result = parseStrictJson(changed);
        if (result.ok) assert.deepEqual(result.value, JSON.parse(changed));
        else if (result.reason === 'json.syntax') {
          assert.throws(() => {
            if (changed.includes('e')) throw new SyntaxError('possibly an infinite number');
            JSON.parse(changed);
          });
        }
      },
    ),
    { numRuns: 2000 },
  );
});

t.test('any bytes get an answer', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => typeof parseStrictJson(bytes).ok === 'boolean'),
  );
});

t.test('a repeated key is refused wherever it stands and however it is escaped', async () => {
  const escapeAll = (text: string) =>
    [...Array(text.length).keys()]
      .map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('');
  const plainText = fc
    .string({ unit: 'grapheme', minLength: 0, maxLength: 6 })
    .filter((key) => key !== '__proto__');
  fc.assert(
    fc.property(
      fc.uniqueArray(plainText, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.nat(),
      fc.boolean(),
      fc.array(fc.constantFrom('[', '{'), { maxLength: 5 }),
      fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('__proto__')),
      (keys, which, where, escaped, wrappers, value) => {
        const member = (key: string) => `${JSON.stringify(key)}:${JSON.stringify(value)}`;
        const members = keys.map(member);
        const key = keys[which % keys.length]!;
        const again = escaped ? `"${escapeAll(key)}":{"x":1}` : member(key);
        let text = `{${members.join(' , ')}}`;
        assert.equal(parseStrictJson(text).ok, true, text);
        members.splice(where % (members.length + 1), 0, again);
        text = `{${members.join(',')}}`;
        for (const wrapper of wrappers) text = wrapper === '[' ? `[0,${text}]` : `{"a":1,"b":${text}}`;
        assert.deepEqual(parseStrictJson(text), refused('json.duplicate_key'), text);
      },
    ),
    { numRuns: 500 },
  );
});

t.test('what is refused, and why', async (t) => {
  const cases: [name: string, input: string | Uint8Array, reason: string][] = [
    ['nothing', '', 'json.syntax'],
    ['two values', '1 2', 'json.syntax'],
    ['a trailing comma', '{"a":1,}', 'json.syntax'],
    ['a comment', '{"a":1}//', 'json.syntax'],
    ['a single quote', "{'a':1}", 'json.syntax'],
    ['a raw line break in a string', '"a\nb"', 'json.syntax'],
    ['an unfinished string', '"a', 'json.syntax'],
    ['an unfinished escape', '"a\\', 'json.syntax'],
    ['too many closings', ']]]]{}', 'json.syntax'],
    ['NaN', '[NaN]', 'json.syntax'],
    ['a number beyond a double', '[1e400]', 'json.syntax'],
    ['its negative', '{"a":-1e400}', 'json.syntax'],
    ['a leading zero', '01', 'json.syntax'],
    ['a no-break space between', '[1,\u00a01]', 'json.syntax'],
    ['a byte order mark, bytes', Buffer.from('\ufeff{}'), 'json.encoding'],
    ['a byte order mark, text', '\ufeff{}', 'json.encoding'],
    ['a cut UTF-8 sequence', Buffer.from([0x22, 0xc3, 0x22]), 'json.encoding'],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'json.encoding'],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'json.encoding'],
    ['UTF-16', Buffer.from('{}', 'utf16le'), 'json.forbidden_character'],
    ['U+0000 escaped', '{"a":"x\\u0000"}', 'json.forbidden_character'],
    ['U+0000 in a key', '{"\\u0000":1}', 'json.forbidden_character'],
    ['U+0000 raw', '"\0"', 'json.forbidden_character'],
    ['a lone high surrogate', '["\\uD83D"]', 'json.forbidden_character'],
    ['a lone low surrogate', '["\\ude00x"]', 'json.forbidden_character'],
    ['surrogates the wrong way round', '["\\ude00\\ud83d"]', 'json.forbidden_character'],
    ['a lone surrogate in the text itself', '["\ud83d"]', 'json.forbidden_character'],
    ['__proto__', '{"a":[{"__proto__":{}}]}', 'json.forbidden_character'],
    ['__proto__ escaped', '{"\\u005f_proto__":null}', 'json.forbidden_character'],
    ['a repeated key', '{"a":1,"a":1}', 'json.duplicate_key'],
    ['a repeated key whose first value held members', '{"a":{"b":1,"c":2},"a":1}', 'json.duplicate_key'],
    ['a key repeated by an escape', '{"a":1,"\\u0061":1}', 'json.duplicate_key'],
    ['a repeated empty key', '{"":1,"":2}', 'json.duplicate_key'],
    ['a repeated index', '{"1":1,"1":2}', 'json.duplicate_key'],
  ];
  for (const [name, input, reason] of cases) t.same(parseStrictJson(input), refused(reason), name);
});

t.test('what looks suspicious and is right', async (t) => {
  for (const text of [
    '{"a:b":"c:d,{[","e":"\\"}:\\\\"}',
    '{"a":{"a":{"a":1}},"b":{"a":1}}',
    '["\\ud83d\\ude00","\\\\u0000","\ufeff",":",","]',
    '{"constructor":1,"toString":2,"hasOwnProperty":3}',
    '{"é":1,"e\u0301":2}',
    ' \t\r\n{ "a" : [ ] , "b" : { } } ',
    '-0.0e-1',
    'null',
    '""',
  ]) {
    t.same(parseStrictJson(text), { ok: true, value: JSON.parse(text) }, text);
    t.same(parseStrictJson(Buffer.from(text)), { ok: true, value: JSON.parse(text) }, text);
  }
});

t.test('limits: at each, and just over it', async (t) => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const members = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join()}}`;
  const elements = (count: number) => `[${Array(count).fill(0).join()}]`;

  t.equal(parseStrictJson(nested(16)).ok, true);
  t.same(parseStrictJson(nested(17)), refused('json.too_deep'));
  t.same(parseStrictJson('[[{}]]', { maxDepth: 2 }), refused('json.too_deep'));
  t.same(parseStrictJson('['.repeat(200_000)), refused('json.too_deep'));
  t.equal(parseStrictJson('1', { maxDepth: 0 }).ok, true);

  t.equal(parseStrictJson(members(4096)).ok, true);
  t.same(parseStrictJson(members(4097)), refused('json.too_many'));
  t.equal(parseStrictJson(elements(4096)).ok, true);
  t.same(parseStrictJson(elements(4097)), refused('json.too_many'));
  t.equal(parseStrictJson('[{"a":1},{"b":2}]', { maxKeys: 4 }).ok, true);
  t.same(parseStrictJson('[{"a":1},{"b":2}]', { maxKeys: 3 }), refused('json.too_many'));
  t.same(parseStrictJson('[[],[],{}]', { maxKeys: 5 }), refused('json.too_many'));

  t.equal(parseStrictJson('"é€😀"', { maxBytes: 11 }).ok, true);
  t.same(parseStrictJson('"é€😀"', { maxBytes: 10 }), refused('json.too_large'));
  t.equal(parseStrictJson(Buffer.from('"é€😀"'), { maxBytes: 11 }).ok, true);
  t.same(parseStrictJson(Buffer.from('"é€😀"'), { maxBytes: 10 }), refused('json.too_large'));
  t.same(parseStrictJson('12', { maxBytes: 1 }), refused('json.too_large'));
  t.equal(parseStrictJson(`"${'a'.repeat(256 * 1024 - 2)}"`).ok, true);
  t.same(parseStrictJson(`"${'a'.repeat(256 * 1024 - 1)}"`), refused('json.too_large'));
});

t.test('a polluted Object.prototype hides no duplicate', async (t) => {
  t.teardown(() => Reflect.deleteProperty(Object.prototype, 'polluted'));
  Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true });
  t.same(parseStrictJson('{"a":1,"a":1}'), refused('json.duplicate_key'));
  t.equal(parseStrictJson('{"a":1}').ok, true);
});
