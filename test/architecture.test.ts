import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import * as house from './support/architecture.ts';
import { readCode, readImports } from './support/code-text.ts';

const root = path.join(import.meta.dirname, '..');

t.test('src keeps the rules of the house', async (t) => {
  const files = globSync('src/**/*.ts', { cwd: root }).map((file) => file.split(path.sep).join('/'));
  t.ok(files.length > 10, `${files.length} files were read`);
  const sources = new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
  for (const [name, rule] of Object.entries(house.RULES)) t.strictSame(rule(sources), [], name);
});

t.test('imports are read as Node would run them', async (t) => {
  const source = `
    import type pg from 'pg'; // import no from 'comment'
    import { type Only } from 'kept-since-node-loads-it';
    import def, { a as b } from "./b.ts";
    import*as all from './all.ts';
    import{c}from'./c.ts';
    import
      { d }
      from './d.ts';
    import './effect.ts';
    export { e } from './e.ts';
    export * from './f.ts';
    export type { g } from './g.ts';
    import data from './data.json' with { type: 'json' };
    const lazy = () => import('./lazy.ts');
    /* import no from './block-comment.ts'; */
    const text = "import no from './string.ts'";
    const template = \`import no from './template.ts' \${(() => { return import('./inside.ts'); })()} import no from './x.ts'\`;
    const pattern = /'/; const quoted = /[/'"]/.test("'"); const half = 4 / 2 / 1;
    const meta = import.meta.url; const from = 'not-imported';
    export const value = 'neither';
  `;
  t.strictSame(readImports(source).sort(), [
    './all.ts',
    './b.ts',
    './c.ts',
    './d.ts',
    './data.json',
    './e.ts',
    './effect.ts',
    './f.ts',
    './inside.ts',
    './lazy.ts',
    'kept-since-node-loads-it',
  ]);
  t.notMatch(readCode(source).code, /comment|string\.ts|template\.ts/);
});

/** The breaches a rule finds in files given as `path: source`. */
const find = (rule: house.Rule, files: Record<string, string>) => rule(new Map(Object.entries(files)));

t.test('each rule can fail', async (t) => {
  t.test('known rooms', async (t) => {
    t.strictSame(find(house.knownRooms, { 'src/db/pool.ts': '', 'src/main.ts': '' }), []);
    t.match(find(house.knownRooms, { 'src/helpers/x.ts': '' }), [/no room helpers/]);
    t.strictSame(find(house.knownRooms, { 'src/config-values.ts': '' }), []);
    t.match(find(house.knownRooms, { 'src/stray.ts': '' }), [/no room stray\.ts/]);
  });

  t.test('ranks', async (t) => {
    const breach = (file: string, target: string) =>
      find(house.ranks, { [file]: `import { x } from '${target}';` });
    t.strictSame(breach('src/documents/service.ts', '../exchange/index.ts'), []);
    t.strictSame(breach('src/documents/service.ts', './store.ts'), []);
    t.strictSame(breach('src/db/pool.ts', '../clock.ts'), []);
    t.strictSame(breach('src/main.ts', './node.ts'), []);
    t.strictSame(breach('src/node.ts', './node-http.ts'), []);
    t.strictSame(breach('src/main.ts', '../package.json'), []);
    t.match(breach('src/db/pool.ts', '../registry/index.ts'), [/stands above/]);
    t.match(breach('src/registry/service.ts', '../outbox/index.ts'), [/same rank/]);
    t.match(breach('src/db/pool.ts', '../keys/index.ts'), [/same rank/]);
    t.match(breach('src/protocol/envelope.ts', '../clock.ts'), [/stands above/]);
    t.match(breach('src/clock.ts', './config.ts'), [/same rank/]);
    t.match(breach('src/cli/start.ts', '../node.ts'), [/stands above/]);
    t.match(breach('src/node-http.ts', './node.ts'), [/stands above/]);
    t.match(breach('src/node-http.ts', './node-database.ts'), [/same rank/]);
    t.match(breach('src/node.ts', '../test/support/x.ts'), [/outside src/]);
    const lazy = { 'src/db/pool.ts': "export const x = () => import('../http/index.ts');" };
    t.match(find(house.ranks, lazy), [/stands above/]);
    const types = { 'src/db/pool.ts': "import type { X } from '../http/index.ts';" };
    t.strictSame(find(house.ranks, types), []);
    t.match(find(house.typesFromAbove, types), [/stands above/]);
    const beside = { 'src/registry/peer-routes.ts': "import type { X } from '../outbox/index.ts';" };
    t.strictSame(find(house.typesFromAbove, beside), []);
  });

  t.test('doors', async (t) => {
    const breach = (file: string, target: string) =>
      find(house.doors, { [file]: `export * from '${target}';` });
    t.strictSame(breach('src/node.ts', './exchange/index.ts'), []);
    t.strictSame(breach('src/exchange/service.ts', './bodies/chunks.ts'), []);
    t.strictSame(breach('src/exchange/service.ts', '../protocol/merkle/leaf.ts'), []);
    t.match(breach('src/node.ts', './exchange/service.ts'), [/not src\/exchange\/index\.ts/]);
    t.strictSame(breach('src/node.ts', './config.ts'), []);
    t.strictSame(breach('src/config.ts', './config-values.ts'), []);
    t.match(breach('src/node.ts', './config-values.ts'), [/not src\/config\.ts/]);
    t.match(breach('src/node.ts', './exchange/bodies/index.ts'), [/not src\/exchange\/index\.ts/]);
  });

  t.test('frameworks', async (t) => {
    const breach = (file: string, name: string) =>
      find(house.frameworks, { [file]: `import x from '${name}';` });
    t.strictSame(breach('src/http/app.ts', 'fastify'), []);
    t.strictSame(breach('src/documents/routes.ts', '@fastify/multipart'), []);
    t.strictSame(breach('src/documents/store.ts', 'kysely'), []);
    t.strictSame(breach('src/exchange/replay-store.ts', 'pg'), []);
    t.strictSame(breach('src/documents/service.ts', 'pgp'), []);
    t.match(breach('src/documents/service.ts', 'fastify'), [/only http/]);
    t.match(breach('src/documents/service.ts', '@fastify/jwt'), [/only http/]);
    t.match(breach('src/documents/service.ts', 'kysely'), [/only db/]);
    t.match(breach('src/http/app.ts', 'kysely/helpers/postgres'), [/only db/]);
    t.match(breach('src/node.ts', 'pg'), [/only db/]);
  });

  t.test('purity', async (t) => {
    const breach = (source: string) => find(house.purity, { 'src/protocol/x.ts': source });
    t.strictSame(breach("import { createHash } from 'node:crypto'; import * as jose from 'jose';"), []);
    t.strictSame(
      breach('export const at = (ms: number) => new Date(ms).toISOString(); // not Date.now()'),
      [],
    );
    t.strictSame(
      breach("export const text = 'process.env, Math.random()'; export const x = { process: 1 };"),
      [],
    );
    t.strictSame(find(house.purity, { 'src/db/x.ts': 'export const now = Date.now();' }), []);
    for (const name of [
      'node:fs',
      'node:fs/promises',
      'node:net',
      'node:http',
      'node:timers/promises',
      'pino',
    ]) {
      t.match(breach(`import x from '${name}';`), [
        `src/protocol/x.ts: imports ${name}, and protocol/ is pure`,
      ]);
    }
    const impure: [code: string, name: string][] = [
      ['const x = Date.now();', 'Date.now'],
      ['const x = new Date();', 'new Date()'],
      ['const x = new Date;', 'new Date()'],
      ['const x = Date();', 'Date()'],
      ['const x = performance.now();', 'performance'],
      ['const x = `$' + '{Math.random()}`;', 'Math.random'],
      ["const x = process.env['X'];", 'process'],
      ['const x = globalThis.Date;', 'globalThis'],
      ['setTimeout(() => {}, 1);', 'a timer'],
      ["await fetch('x');", 'fetch'],
    ];
    for (const [code, name] of impure) {
      t.strictSame(breach(code), [`src/protocol/x.ts: uses ${name}, and protocol/ is pure`], code);
    }
  });

  t.test('environment', async (t) => {
    const breach = (file: string, source: string) => find(house.environment, { [file]: source });
    t.strictSame(breach('src/config.ts', 'export const x = process.env;'), []);
    t.strictSame(breach('src/main.ts', 'export const x = process.argv.slice(2);'), []);
    t.strictSame(breach('src/node.ts', "process.on('SIGTERM', stop); // process.env"), []);
    t.match(breach('src/main.ts', 'export const x = process.env.HOME;'), [/only config\.ts/]);
    t.match(breach('src/cli/start.ts', "export const x = process['env'];"), [/only config\.ts/]);
    t.match(breach('src/cli/start.ts', 'export const x = process.argv;'), [/only main\.ts/]);
    t.match(breach('src/cli/start.ts', "import { env } from 'node:process';"), [/imports process/]);
  });

  t.test('cycles', async (t) => {
    const files = {
      'src/db/a.ts': "import { b } from './b.ts';",
      'src/db/b.ts': "export { c } from './c.ts';",
      'src/db/c.ts': "import type { a } from './a.ts';",
    };
    t.strictSame(find(house.acyclic, files), []);
    const cycle = find(house.acyclic, { ...files, 'src/db/c.ts': "import { a } from './a.ts';" });
    t.match(cycle, [/src\/db\/a\.ts -> src\/db\/b\.ts -> src\/db\/c\.ts -> src\/db\/a\.ts/]);
    t.equal(cycle.length, 1);
  });

  t.test('size', async (t) => {
    t.strictSame(find(house.size, { 'src/db/x.ts': 'x;\n'.repeat(400) }), []);
    t.match(find(house.size, { 'src/db/x.ts': 'x;\n'.repeat(401) }), [/401 lines; split/]);
  });
});
