import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { nodeEnvironment, runProgram, startNodeProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '..', '..');
/** What the build and the package are made of. */
const SOURCES = [
  ...['package.json', 'tsconfig.json', 'tsconfig.build.json', 'openapi.yaml', 'LICENSE', 'README.md'],
  ...['src', 'migrations', 'examples'],
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
    const [idA, idB] = [a.INTERVAULT_PUBLIC_URL, b.INTERVAULT_PUBLIC_URL];
    const json = async (env: Record<string, string>, args: string[], input = '') => {
      const { code, stdout, stderr } = await runProgram(t, [...args, '--json'], env, { main, input });
      if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, string>;
    };
    const pins = await Promise.all([json(a, ['peer', 'discover', idB]), json(b, ['peer', 'discover', idA])]);
    await Promise.all([
      json(a, ['peer', 'add', idB, '--pin', pins[0]['signedBy'] ?? '']),
      json(b, ['peer', 'add', idA, '--pin', pins[1]['signedBy'] ?? '']),
    ]);
    const consent = path.join(dir, 'consent.json');
    const given = {
      jurisdiction: 'FR',
      method: 'web',
      purposes: ['p'],
      policyUrl: 'https://a.example/p',
      services: ['s'],
      sensitive: false,
    };
    await writeFile(consent, JSON.stringify(given));
    const started = await json(a, [
      ...['link', 'start', '--customer', 'C-1', '--peer', idB, '--holder', 'M. D••••', '--session', 'S'],
      ...[
        '--return-url',
        'https://banque-a.example/liens',
        '--consent',
        consent,
        '--give',
        'billing.invoice',
      ],
    ]);
    const link = started['link'] ?? '';
    await json(
      b,
      ['link', 'redeem', '--customer', '77', '--session', 'T', '--consent', consent],
      started['token'],
    );
    let code: string | undefined;
    while (code === undefined) code = (await json(b, ['link', 'redemption', link, '--session', 'T']))['code'];
    await json(a, ['link', 'complete', link, '--customer', 'C-1', '--session', 'S', '--code', code]);
    const pdf = path.join(installed, 'examples', 'documents', 'facture-fr.pdf');
    const sent = await json(a, [
      'document',
      'send',
      pdf,
      '--link',
      link,
      '--type',
      'billing.invoice',
      '--wait',
    ]);
    t.equal(sent['state'], 'accepted');
    t.match(await json(a, ['document', 'evidence', sent['id'] ?? '']), { holds: true, outcome: 'accepted' });

    const doctor = await runProgram(t, ['doctor'], a, { main });
    t.equal(doctor.code, 0, doctor.stdout);
    for (const node of nodes) {
      node.signal('SIGTERM');
      t.equal((await node.ended).code, 0);
    }
  },
);
