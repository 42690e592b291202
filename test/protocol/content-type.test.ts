import { deflateSync } from 'node:zlib';
import t from 'tap';
import {
  CONTENT_TYPES,
  isContentType,
  isTextType,
  matchesDeclared,
  SNIFF_BYTES,
  sniffContentType,
} from '../../src/protocol/content-type.ts';

const whole = (bytes: Uint8Array | string) => sniffContentType(Buffer.from(bytes), { complete: true });
const head = (bytes: Uint8Array | string) => sniffContentType(Buffer.from(bytes), { complete: false });
const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');

const png = Buffer.concat([
  hex('89504e470d0a1a0a 0000000d 49484452 00000001 00000001 08 00 000000 3a7e9b55'),
  deflateSync(Buffer.alloc(2)),
]);
const jpeg = hex('ffd8ffe0 0010 4a46494600 0101 0000 0001 0001 0000');

t.test('PDF', async (t) => {
  t.equal(whole('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n'), 'application/pdf');
  t.equal(head('%PDF-2.0\r\n'), 'application/pdf');
  for (const start of ['%PDF', '%PDF-', '%PDF-x.y', '%PDF-1', '%pdf-1.7']) {
    t.not(whole(start), 'application/pdf', start);
  }
});

t.test('a PDF header anywhere but at the start makes it nothing', async (t) => {
  const pdf = Buffer.from('%PDF-1.7\n');
  const behind = (start: Uint8Array | string) => Buffer.concat([Buffer.from(start), pdf]);
  t.equal(head(behind('\n')), undefined);
  t.equal(head(behind('\ufeff')), undefined);
  t.equal(head(behind('{"a":"')), undefined);
  t.equal(head(behind('<?xml version="1.0"?><a>')), undefined);
  t.equal(head(behind(jpeg)), undefined);
  t.equal(head(behind(png)), undefined);
  t.equal(head(behind(' '.repeat(1019))), undefined, 'the last place a reader looks at');
  t.equal(head(behind(' '.repeat(1020))), 'text/plain', 'behind it');
});

t.test('PNG and JPEG', async (t) => {
  t.equal(whole(png), 'image/png');
  t.equal(head(png.subarray(0, 16)), 'image/png');
  t.equal(whole(png.subarray(0, 15)), undefined, 'a signature alone');
  t.equal(whole(jpeg), 'image/jpeg');
  t.equal(head(hex('ffd8ffdb')), 'image/jpeg');
  for (const digits of ['ffd8ff', 'ffd8ff00', 'ffd8ffff', 'ffd8ffd9', 'ffd8fe00']) {
    t.equal(whole(hex(digits)), undefined, digits);
  }
});

t.test('XML', async (t) => {
  const xml = [
    '<?xml version="1.0"?><Invoice/>',
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<a/>',
    "<?xml version='1.1' encoding='us-ascii'?><a/>",
    '\ufeff<?xml version="1.0" encoding="utf-8"?><a/>',
    '<Invoice xmlns="urn:x">',
    '\n  <été/>',
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
  ];
  for (const text of xml) t.equal(whole(text), 'application/xml', text);
  for (const text of [
    '<!DOCTYPE html><p>',
    '<html>',
    ' <HTML lang="fr">',
    '<3 you',
    '< a',
    '<?php',
    'a <b/>',
  ]) {
    t.equal(whole(text), 'text/plain', text);
  }
  for (const encoding of ['utf-7', 'ISO-8859-1', 'UTF-16']) {
    t.equal(whole(`<?xml version="1.0" encoding="${encoding}"?><a/>`), undefined, encoding);
  }
  t.equal(whole(Buffer.from('\ufeff<?xml version="1.0"?><a/>', 'utf16le')), undefined, 'UTF-16');
  t.equal(whole(Buffer.from('<?xml version="1.0"?><é/>', 'latin1')), undefined, 'Latin-1');
});

t.test('JSON', async (t) => {
  for (const text of ['{}', ' {"a": 1}\n', '[]', '[ -1.5, null]', '[[{}]]', '[true]']) {
    t.equal(whole(text), 'application/json', text);
  }
  for (const text of [
    '{',
    '{"a":1',
    '{a:1}',
    '{"a":1}x',
    '[note] paid',
    '[nul',
    '42',
    '"text"',
    'null',
    '\ufeff{}',
  ]) {
    t.equal(whole(text), 'text/plain', text);
  }
  t.equal(head('{"a": "cut h'), 'application/json');
  t.equal(head('[1, 2'), 'application/json');
  t.equal(head('{\n'), 'application/json');
  t.equal(head('[Note] not JSON'), 'text/plain');
  t.equal(head('{a}'), 'text/plain');
  t.equal(whole(`[${'1,'.repeat(SNIFF_BYTES)}1]`), 'application/json', 'larger than what is looked at');
});

t.test('plain text', async (t) => {
  t.equal(whole('Relevé de compte\n'), 'text/plain');
  t.equal(head(Buffer.from('12 €').subarray(0, 5)), 'text/plain', 'cut within a character');
  t.equal(whole(Buffer.from('12 €').subarray(0, 5)), undefined);
  t.equal(whole(''), undefined);
  t.equal(head(''), undefined);
  t.equal(whole('a\0b'), undefined);
  t.equal(whole('\x1b[31mred'), undefined);
  t.equal(whole(hex('504b0304 14000000')), undefined, 'zip');
  t.equal(whole('GIF89a\x01\0\x01\0'), undefined);
});

t.test('only the first bytes count', async (t) => {
  const text = Buffer.alloc(SNIFF_BYTES + 10, 'é');
  t.equal(sniffContentType(text, { complete: true }), 'text/plain');
  text.fill(0, SNIFF_BYTES);
  t.equal(sniffContentType(text, { complete: true }), 'text/plain', 'the rest is for createTextCheck');
  text.fill(0, SNIFF_BYTES - 1);
  t.equal(sniffContentType(text, { complete: true }), undefined);
});

t.test('hostile heads take no time', async (t) => {
  const repeated = ['<!---->', '<', ' ', '[', '{', '<?xml version="1.0" ', '\ufeff', '%PDF', '"'];
  const startMs = performance.now();
  for (const part of repeated) head(part.repeat(SNIFF_BYTES));
  t.ok(performance.now() - startMs < 500);
});

t.test('what was declared and what it is', async (t) => {
  const allowed = new Set([
    ...[
      'application/pdf',
      'application/xml',
      'image/png',
      'image/jpeg',
      'application/json',
      'text/plain',
    ].map((type) => `${type} ${type}`),
    'text/xml application/xml',
    'text/plain application/json',
    'text/plain application/xml',
  ]);
  for (const declared of CONTENT_TYPES) {
    for (const sniffed of CONTENT_TYPES) {
      if (sniffed === 'text/xml') continue;
      const pair = `${declared} ${sniffed}`;
      t.equal(matchesDeclared(declared, sniffed), allowed.has(pair), pair);
    }
    t.notOk(matchesDeclared(declared, undefined));
  }
  for (const declared of [
    '',
    'text/html',
    'TEXT/PLAIN',
    'text/plain; charset=utf-8',
    'image/svg+xml',
    '__proto__',
  ]) {
    t.notOk(matchesDeclared(declared, 'text/plain'), declared);
    t.notOk(isContentType(declared));
  }
  t.same(CONTENT_TYPES.filter(isTextType), ['application/xml', 'text/xml', 'application/json', 'text/plain']);
});
