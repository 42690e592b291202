import { MAX_ENTITY_ID_LENGTH } from '../../src/protocol/ids.ts';

/** base64url.json: what decodes, and what must be refused though lenient decoders take it. */
export function base64urlVectors() {
  return {
    description:
      'Base64url without padding (RFC 7515 section 2). A text is valid only if encoding the bytes it decodes to gives it back.',
    cases: [
      { name: 'empty', text: '', hex: '' },
      { name: 'one byte', text: '_w', hex: 'ff' },
      { name: 'two bytes', text: '__4', hex: 'fffe' },
      { name: 'three bytes', text: '-_Az', hex: 'fbf033' },
      { name: 'padding', text: '_w==', valid: false },
      { name: 'an impossible length', text: 'AAAAA', valid: false },
      { name: 'trailing bits that are not zero', text: '_x', valid: false },
      { name: 'trailing bits that are not zero, two bytes', text: '__5', valid: false },
      { name: 'the alphabet of base64', text: '+/Az', valid: false },
      { name: 'a line break', text: '-_A\nz', valid: false },
      { name: 'a space', text: ' -_Az', valid: false },
      { name: 'a character of no alphabet', text: '-_A*', valid: false },
      { name: 'a character beyond ASCII', text: '-_Aé', valid: false },
    ],
  };
}

const text = (name: string, json: string, reason?: string) =>
  reason === undefined ? { name, json, valid: true } : { name, json, valid: false, reason };
const bytes = (name: string, hex: string, reason: string) => ({ name, hex, valid: false, reason });
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const list = (count: number) => `[${Array.from({ length: count }, () => '0').join(',')}]`;

/** strict-json.json: under the limits of a manifest. */
export function strictJsonVectors() {
  return {
    description:
      'JSON (RFC 8259) as every signed object must be written: the strictness of RFC 7493 and no character that a store cannot hold. `json` is the text, `hex` bytes that are no text, `repeat` a text too long to write out. Limits are those of a manifest. Reasons are those of the reference implementation.',
    limits: { maxBytes: 262_144, maxDepth: 16, maxItems: 4096 },
    cases: [
      text('an object', '{"a":[1,-0.5e3,true,false,null,"é"]}'),
      text('white space', ' \t\r\n{ "a" : 1 } \n'),
      text('a lone scalar', '"text"'),
      text('a pair of surrogates, escaped', '"\\ud83d\\ude00"'),
      text('a key that is a prefix of another', '{"a":1,"aa":2}'),
      text('equal keys in different objects', '{"a":{"a":1},"b":{"a":1}}'),
      text('braces and colons in strings', '{"a":"{\\"b\\":1,[:","c":"\\\\"}'),
      text('16 containers inside each other', nested(16)),
      text('4095 elements in one array', list(4095)),
      text('a duplicate key', '{"a":1,"a":1}', 'json.duplicate_key'),
      text('a duplicate key, one escaped', '{"a":1,"\\u0061":2}', 'json.duplicate_key'),
      text('a duplicate key further inside', '[{"x":{"a":1,"b":2,"a":3}}]', 'json.duplicate_key'),
      text('U+0000, escaped', '{"a":"\\u0000"}', 'json.forbidden_character'),
      text('U+0000 in a key', '{"\\u0000":1}', 'json.forbidden_character'),
      text('a lone high surrogate', '"\\ud800"', 'json.forbidden_character'),
      text('a lone low surrogate', '"a\\udc00"', 'json.forbidden_character'),
      text('surrogates in the wrong order', '"\\ude00\\ud83d"', 'json.forbidden_character'),
      text('the key __proto__', '{"__proto__":{}}', 'json.forbidden_character'),
      text('17 containers inside each other', nested(17), 'json.too_deep'),
      text('more than 4096 members and elements', list(4098), 'json.too_many'),
      text('nothing', '', 'json.syntax'),
      text('two values', '{}{}', 'json.syntax'),
      text('a comma at the end', '{"a":1,}', 'json.syntax'),
      text('a comment', '{}//', 'json.syntax'),
      text('single quotes', "{'a':1}", 'json.syntax'),
      text('NaN', '[NaN]', 'json.syntax'),
      text('a number with a leading zero', '[01]', 'json.syntax'),
      text('a number beyond a double', '[1e400]', 'json.syntax'),
      text('a control character in a string', '"\u0001"', 'json.syntax'),
      text('a text cut short', '{"a":', 'json.syntax'),
      text('a byte order mark', '\ufeff{}', 'json.encoding'),
      {
        name: 'over 256 KiB',
        repeat: { before: '"', text: 'a', times: 262_143, after: '"' },
        valid: false,
        reason: 'json.too_large',
      },
      bytes('bytes that are not UTF-8', '22ff22', 'json.encoding'),
      bytes('an overlong encoding', '22c0af22', 'json.encoding'),
      bytes('a surrogate encoded in UTF-8', '22eda08022', 'json.encoding'),
      bytes('UTF-16', '7b007d00', 'json.forbidden_character'),
    ],
  };
}

/** entity-ids.json: the one spelling of a node's name. */
export function entityIdVectors() {
  const id = (name: string, value: string, valid = true) => ({ name, id: value, valid });
  const long = (length: number) => `https://a.example/${'a'.repeat(length - 'https://a.example/'.length)}`;
  return {
    description:
      'Entity ids. Ids are compared as text, so a message may carry only the canonical form. `http` is admitted by nodes configured for development alone; here it is not.',
    cases: [
      id('a host', 'https://a.example'),
      id('a port', 'https://a.example:8443'),
      id('a path', 'https://a.example/vault/1'),
      id('an IPv6 host', 'https://[2001:db8::1]'),
      id('255 characters', long(MAX_ENTITY_ID_LENGTH)),
      id('256 characters', long(MAX_ENTITY_ID_LENGTH + 1), false),
      id('http', 'http://a.example', false),
      id('another scheme', 'ftp://a.example', false),
      id('a trailing slash', 'https://a.example/', false),
      id('a trailing slash after a path', 'https://a.example/vault/', false),
      id('upper case in the host', 'https://A.example', false),
      id('upper case in the scheme', 'HTTPS://a.example', false),
      id('the default port', 'https://a.example:443', false),
      id('port 0', 'https://a.example:0', false),
      id('a dot at the end of the host', 'https://a.example.', false),
      id('user information', 'https://user@a.example', false),
      id('a query', 'https://a.example?x', false),
      id('an empty query', 'https://a.example?', false),
      id('a fragment', 'https://a.example#x', false),
      id('a percent escape', 'https://a.example/%76ault', false),
      id('an empty path segment', 'https://a.example//vault', false),
      id('dot segments', 'https://a.example/a/../vault', false),
      id('a backslash', 'https:\\\\a.example', false),
      id('white space', 'https://a.example ', false),
      id('an international name in Unicode', 'https://é.example', false),
      id('the same in its ASCII form', 'https://xn--9ca.example'),
      id('nothing', '', false),
    ],
  };
}
