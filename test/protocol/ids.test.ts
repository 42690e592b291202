import t from 'tap';
import {
  canonicalizeEntityId,
  isUuid,
  parseEntityId,
  parseLinkId,
  parseUuidV7,
} from '../../src/protocol/ids.ts';

t.test('entity ids: the canonical form goes through untouched', async (t) => {
  for (const id of [
    'https://banque-a.example',
    'https://banque-a.example:8443',
    'https://banque-a.example/ivx',
    'https://banque-a.example/ivx/v1.2_~-a',
    'https://xn--caf-dma.example',
    'https://192.0.2.1',
    'https://[2001:db8::1]:8443',
    'https://localhost:3000',
  ]) {
    t.equal(parseEntityId(id), id);
    t.equal(canonicalizeEntityId(id), id);
  }
});

t.test('entity ids: another spelling is refused in a message and understood from an operator', async (t) => {
  for (const [typed, canonical] of [
    ['https://banque-a.example/', 'https://banque-a.example'],
    ['https://Banque-A.example', 'https://banque-a.example'],
    ['HTTPS://banque-a.example', 'https://banque-a.example'],
    ['https://banque-a.example:443/', 'https://banque-a.example'],
    ['https://banque-a.example/ivx/', 'https://banque-a.example/ivx'],
    ['https://banque-a.example/a/../ivx', 'https://banque-a.example/ivx'],
    ['https://banque-a.example/./ivx', 'https://banque-a.example/ivx'],
    ['https://café.example', 'https://xn--caf-dma.example'],
    ['https://3221225985', 'https://192.0.2.1'],
    ['https://[2001:DB8:0::1]', 'https://[2001:db8::1]'],
  ] as const) {
    t.equal(parseEntityId(typed), undefined, typed);
    t.equal(canonicalizeEntityId(typed), canonical, typed);
  }
});

t.test('entity ids: refused either way', async (t) => {
  for (const text of [
    '',
    'banque-a.example',
    '//banque-a.example',
    'https://',
    'https:///x',
    'https:/banque-a.example',
    'https:banque-a.example',
    'https:\\\\banque-a.example',
    'https://banque-a.example\\ivx',
    ' https://banque-a.example',
    'https://banque-a.example\n',
    'https://banque-\ta.example',
    'https://\u0000banque-a.example',
    'ftp://banque-a.example',
    'javascript:alert(1)',
    'https://user@banque-a.example',
    'https://user:secret@banque-a.example',
    'https://@banque-a.example',
    'https://banque-a.example?',
    'https://banque-a.example?x=1',
    'https://banque-a.example#',
    'https://banque-a.example/#x',
    'https://banque-a.example.',
    'https://banque-a.example:0',
    'https://banque-a.example:65536',
    'https://banque-a.example//',
    'https://banque-a.example//ivx',
    'https://banque-a.example/ivx//',
    'https://banque-a.example/%69vx',
    'https://banque-a.example/é',
    'https://banque-a.example/a b',
    'https://banque-a.example/a;b',
    'https://ban que.example',
    'https://a%00.example',
  ]) {
    t.equal(parseEntityId(text), undefined, text);
    t.equal(canonicalizeEntityId(text), undefined, text);
  }
  for (const value of [undefined, null, 7, {}, ['https://banque-a.example']])
    t.equal(parseEntityId(value), undefined);
});

t.test('entity ids: plain HTTP only where it is allowed', async (t) => {
  t.equal(parseEntityId('http://127.0.0.1:3000'), undefined);
  t.equal(parseEntityId('http://127.0.0.1:3000', { allowInsecure: false }), undefined);
  t.equal(parseEntityId('http://127.0.0.1:3000', { allowInsecure: true }), 'http://127.0.0.1:3000');
  t.equal(parseEntityId('https://banque-a.example', { allowInsecure: true }), 'https://banque-a.example');
  t.equal(parseEntityId('http://a.example:80', { allowInsecure: true }), undefined);
  t.equal(parseEntityId('ws://a.example', { allowInsecure: true }), undefined);
});

t.test('entity ids: 255 characters, no more', async (t) => {
  const ofLength = (length: number) => `https://a.example/${'x'.repeat(length - 18)}`;
  t.equal(parseEntityId(ofLength(255)), ofLength(255));
  t.equal(parseEntityId(ofLength(256)), undefined);
  t.equal(canonicalizeEntityId(ofLength(256)), undefined);
  t.equal(canonicalizeEntityId(`${ofLength(255)}/`), ofLength(255));
});

t.test('UUIDs: one spelling, and version 7 where it matters', async (t) => {
  const v7 = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
  const v4 = '919108f7-52d1-4320-9bac-f847db4148a8';
  t.equal(parseUuidV7(v7), v7);
  t.equal(parseLinkId(v7), v7);
  t.equal(parseUuidV7(v4), undefined);
  t.equal(parseLinkId(v4), undefined);
  t.ok(isUuid(v7));
  t.ok(isUuid(v4));
  for (const bad of [
    '',
    v7.toUpperCase(),
    v7.replaceAll('-', ''),
    `{${v7}}`,
    `urn:uuid:${v7}`,
    `${v7}\n`,
    `${v7}0`,
    v7.slice(1),
    v7.replace('-98c4-', '-18c4-'),
    v7.replace('-98c4-', '-c8c4-'),
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    7,
    null,
    [v7],
  ]) {
    t.equal(parseUuidV7(bad), undefined, String(bad));
    t.equal(parseLinkId(bad), undefined, String(bad));
    t.equal(isUuid(bad), false, String(bad));
  }
});
