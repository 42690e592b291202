// The component as the node serves it: made of its sources, small, and open to any page.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib';
import t from 'tap';
import { composeWebModule, WEB_MODULE } from '../../scripts/web-module/compose.ts';
import { startTestNode } from '../support/node.ts';
import { get } from '../support/raw-get.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const MAX_BYTES = 70 * 1024;
const MAX_COMPRESSED_BYTES = 19 * 1024;
const module = readFileSync(WEB_MODULE);

t.test('it is what its sources say', async (t) => {
  t.equal(module.toString('utf8'), composeWebModule(), 'run: node scripts/web-module.ts');
  await promisify(execFile)('env', ['-u', 'NODE_OPTIONS', process.execPath, '--check', WEB_MODULE]);
});

t.test('it is small, and leans on nothing', async (t) => {
  const compressed = brotliCompressSync(module).length;
  t.ok(module.length <= MAX_BYTES, `${module.length} bytes`);
  t.ok(compressed <= MAX_COMPRESSED_BYTES, `${compressed} bytes compressed`);
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const said = /\((\d+) KB, (\d+) KB compressed\)/.exec(readme)?.slice(1).map(Number);
  t.same(
    said,
    [module.length, compressed].map((bytes) => Math.ceil(bytes / 1000)),
    'as README.md says',
  );
  const code = module.toString('utf8');
  t.notMatch(code, /^\s*(?:import|export)\b|\bimport\(/m);
  t.notMatch(
    code,
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function|localStorage|sessionStorage|document\.cookie|sendBeacon/,
  );
  t.same(
    [...new Set(code.match(/https?:\/\/[a-z0-9.]+/g))],
    ['http://www.w3.org'],
    'no address but that of the SVG namespace',
  );
});

t.test('the node serves it to any page', async (t) => {
  const node = await startTestNode(t);
  const url = `${node.url}/web/intervault-slot.js`;
  const plain = await get(url);
  t.match(plain, {
    status: 200,
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'public, max-age=300',
      vary: 'accept-encoding',
      etag: /^W\/"[\w-]{27}"$/,
    },
  });
  t.equal(plain.headers['content-encoding'], undefined);
  t.same(plain.bytes, module);
  const brotli = await get(url, { 'accept-encoding': 'gzip, deflate, br, zstd' });
  t.equal(brotli.headers['content-encoding'], 'br');
  t.same(brotliDecompressSync(brotli.bytes), module);
  const gzip = await get(url, { 'accept-encoding': 'br;q=0, gzip' });
  t.equal(gzip.headers['content-encoding'], 'gzip');
  t.same(gunzipSync(gzip.bytes), module);
  const again = await get(url, { 'if-none-match': String(plain.headers['etag']) });
  t.match(again, { status: 304, bytes: { length: 0 } });
  const posted = await fetch(url, { method: 'POST' });
  t.match(await posted.json(), { code: 'request.method' });
});
