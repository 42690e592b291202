import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { linkByCommands } from '../support/linked-programs.ts';
import { nodeEnvironment, runProgram, startNodeProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '..', '..');
/** What the build and the package are made of. */
const SOURCES = [
  ...['package.json', 'tsconfig.json', 'tsconfig.build.json', 'openapi.yaml', 'LICENSE', 'README.md'],
  ...['src', 'migrations', 'examples', 'web'],
];

/** Packs a copy of the project, so that the tree under test gets no build of its own. */
async function pack(dir: string): Promise<string> {
  const copy = path.join(dir, 'source');
  for (const name of SOURCES) await cp(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  const stdout = await npm(copy, ['pack', '--silent', '--pack-destination', dir]);
  return path.join(dir, stdout.trim().split('\n').at(-1) ?? '');
}

/** Without the loader that tap gives to every program that is called node. */
async function npm(cwd: string, args: readonly string[]): Promise<string> {
  return (await run('env', ['-u', 'NODE_OPTIONS', 'npm', ...args], { cwd })).stdout;
}

/** Verifies a good and a bad signature often enough for the thread to run, and tells what it said of the last two. */
async function verifyTogether(dist: string): Promise<string> {
  const script = `
    import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
    import { createVerifier } from '${dist}/keys/verifier.js';
    const { privateKey } = generateKeyPairSync('ed25519');
    const [key, data] = [createPublicKey(privateKey), Buffer.from('signed')];
    const verifier = createVerifier({ onFailure: (error) => { throw error; } });
    const both = () => Promise.all([data, Buffer.from('another')].map((bytes) =>
      verifier.verify('EdDSA', key, bytes, sign(null, data, privateKey))));
    for (let round = 0; round < 50; round++) {
      await both();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log(String(await both()));
    await verifier.close();`;
  const node = ['-u', 'NODE_OPTIONS', process.execPath, '--input-type=module', '--eval', script];
  const { stdout } = await run('env', node);
  return stdout.trim();
}

t.test(
  'packed, installed elsewhere without scripts, and run: two nodes exchange a document',
  { timeout: 240_000 },
  async (t) => {
    const dir = await tempDir(t);
    const tarball = await pack(dir);
    const home = path.join(dir, 'installed');
    await mkdir(home);
    await writeFile(path.join(home, 'package.json'), '{"private": true}');
    // Install scripts need an approval that nobody gave: the libraries of PostgreSQL lack their links then.
    const options = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await npm(home, ['install', ...options, tarball]);
    const installed = path.join(home, 'node_modules', 'intervault');
    const main = path.join(installed, 'dist', 'main.js');

    const version = await runProgram(t, ['version', '--json'], {}, { main });
    t.match(JSON.parse(version.stdout), { intervault: /^\d+\.\d+\.\d+$/, protocol: 1 });

    const [a, b] = [
      await nodeEnvironment(t, { database: 'embedded' }),
      await nodeEnvironment(t, { database: 'embedded' }),
    ];
    const nodes = await Promise.all([startNodeProgram(t, a, { main }), startNodeProgram(t, b, { main })]);
    const { link, json } = await linkByCommands(t, { a, b, main });
    const pdf = path.join(installed, 'examples', 'documents', 'facture-fr.pdf');
    const about = ['--link', link, '--type', 'billing.invoice', '--wait'];
    const sent = await json(a, ['document', 'send', pdf, ...about]);
    t.equal(sent['state'], 'accepted');
    t.match(await json(a, ['document', 'evidence', sent['id'] ?? '']), { holds: true, outcome: 'accepted' });

    const module = await fetch(`${a['INTERVAULT_PUBLIC_URL']}/web/intervault-slot.js`);
    t.match(
      module.headers.get('content-type'),
      /^text\/javascript/,
      'the component for vaults is in the package',
    );

    const dist = path.dirname(main);
    t.equal(await verifyTogether(dist), 'true,false', 'the compiled thread verifies');

    const doctor = await runProgram(t, ['doctor'], a, { main });
    t.equal(doctor.code, 0, doctor.stdout);
    for (const node of nodes) {
      node.signal('SIGTERM');
      t.equal((await node.ended).code, 0);
    }
  },
);
