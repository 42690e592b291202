import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { asRunHere, programAt } from '../../src/cli/invocation.ts';
import { createApiClient, submissionForm } from '../support/api.ts';
import { type Hop, startHop } from '../support/hop.ts';
import {
  eventually,
  INVOICE,
  peerNodes,
  restartTestNode,
  seedLink,
  startTestNode,
  type TestNode,
} from '../support/node.ts';
import {
  nodeEnvironment,
  type Program,
  readNodeFile,
  startNodeProgram,
  startProgram,
} from '../support/program.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

type SenderEnv = Awaited<ReturnType<typeof nodeEnvironment>>;

/** A sender with a PostgreSQL of its own, ready to be run as a program, and a recipient behind a hop. */
async function preparePair(t: Test): Promise<{ a: SenderEnv; b: TestNode; hop: Hop; link: string }> {
  const hop = await startHop(t);
  const b = await startTestNode(t, { hop });
  const a = await nodeEnvironment(t, { database: 'embedded' });
  const prepared = await restartTestNode(t, a);
  await peerNodes(prepared, b);
  const link = await seedLink(prepared, b);
  await prepared.stop();
  return { a, b, hop, link };
}

function postmasterPid(env: SenderEnv): number {
  return Number(
    readFileSync(path.join(env.INTERVAULT_DATA_DIR, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0],
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function pdf(number: number): Buffer<ArrayBuffer> {
  return Buffer.from(`%PDF-1.7\n${number}\n%%EOF\n`);
}

t.test(
  'SIGTERM while documents are on their way: none is lost, and nothing is left',
  { timeout: 120_000 },
  async (t) => {
    const { a, b, hop, link } = await preparePair(t);
    // Answers take a while, so that there is something in flight in both directions.
    hop.onPut = (_incoming, _outgoing, forward) => {
      setTimeout(forward, 150);
    };
    const program = await startNodeProgram(t, a);
    const postgres = postmasterPid(a);
    t.ok(isAlive(postgres));
    const url = a.INTERVAULT_PUBLIC_URL;
    const api = await createApiClient(
      { url, config: { dataDir: a.INTERVAULT_DATA_DIR, publicUrl: url } },
      'integrator',
    );

    const taken: string[] = [];
    let refused = 0;
    let stopping = false;
    const submitters = Array.from({ length: 8 }, async (_, worker) => {
      for (let n = 0; !stopping || n === 0; n++) {
        const metadata = { link, ...INVOICE };
        const answer = await api
          .call('POST', '/v1/documents', { body: submissionForm(metadata, pdf(worker * 10_000 + n)) })
          .catch(() => undefined);
        if (answer?.status === 201) taken.push(String(answer.body['id']));
        else {
          refused++;
          if (!program.running || answer === undefined) return;
          t.equal(answer.body['code'], 'node.draining', 'told to come back later');
        }
      }
    });
    await eventually(async () => taken.length >= 20 && hop.puts >= 4);
    program.signal('SIGTERM');
    const { code, stderr } = await program.ended;
    stopping = true;
    await Promise.all(submitters);
    t.equal(code, 0, stderr);
    t.match(stderr, /SIGTERM: finishing what is in flight[\s\S]*\nstopped\n/);
    t.ok(refused > 0 && taken.length > 0, `${taken.length} taken, ${refused} refused`);
    t.notOk(isAlive(postgres), 'its PostgreSQL is stopped');
    t.equal(readNodeFile(a.INTERVAULT_DATA_DIR), undefined, 'it says no more where it listens');
    t.same(
      readdirSync(path.join(a.INTERVAULT_DATA_DIR, 'postgres.lock')),
      [],
      'nobody holds the data directory',
    );

    hop.onPut = undefined;
    const again = await startNodeProgram(t, a);
    await eventually(async () => (await count(b)) >= taken.length, 60_000);
    for (const id of taken) {
      const document = await api.call('GET', `/v1/documents/${id}`);
      if (document.body['state'] === 'accepted') continue;
      await eventually(
        async () => (await api.call('GET', `/v1/documents/${id}`)).body['state'] === 'accepted',
      );
    }
    t.equal(await count(b), await distinct(b), 'each once');
    t.same(
      new Set(await exchanges(b)),
      new Set([...taken, ...(await exchanges(b))]),
      'every one that was taken',
    );
    again.signal('SIGTERM');
    t.equal((await again.ended).code, 0);
  },
);

async function exchanges(node: TestNode): Promise<string[]> {
  const rows = await node.db.read.selectFrom('received_documents').select('jti').execute();
  return rows.map(({ jti }) => jti);
}
const count = async (node: TestNode) => (await exchanges(node)).length;
const distinct = async (node: TestNode) => new Set(await exchanges(node)).size;

/** A node whose delivery hangs, told to stop. */
async function stuck(t: Test, env: Record<string, string>): Promise<{ program: Program; postgres: number }> {
  const { a, hop, link } = await preparePair(t);
  hop.onPut = () => {};
  const program = await startNodeProgram(t, { ...a, ...env });
  const url = a.INTERVAULT_PUBLIC_URL;
  const config = { dataDir: a.INTERVAULT_DATA_DIR, publicUrl: url };
  const api = await createApiClient({ url, config }, 'integrator');
  const body = submissionForm({ link, ...INVOICE }, pdf(1));
  t.equal((await api.call('POST', '/v1/documents', { body })).status, 201);
  await eventually(async () => hop.puts > 0);
  const postgres = postmasterPid(a);
  program.signal('SIGTERM');
  await eventually(async () => /finishing what is in flight/.test(program.stderr()));
  return { program, postgres };
}

t.test('a second SIGTERM ends it at once', { timeout: 120_000 }, async (t) => {
  const { program, postgres } = await stuck(t, {});
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.ok(program.running, 'it waits for the delivery');
  const askedMs = performance.now();
  program.signal('SIGTERM');
  t.equal((await program.ended).code, 1);
  t.ok(performance.now() - askedMs < 2_000, 'at once');
  await eventually(async () => !isAlive(postgres), 30_000);
  t.notOk(isAlive(postgres), 'and its PostgreSQL follows');
});

t.test('what never ends is cut off after the time it was given', { timeout: 120_000 }, async (t) => {
  const { program, postgres } = await stuck(t, { INTERVAULT_SHUTDOWN_GRACE_MS: '1000' });
  const askedMs = performance.now();
  t.equal((await program.ended).code, 0);
  t.ok(performance.now() - askedMs < 15_000, 'long before the peer’s time is up');
  t.notOk(isAlive(postgres));
});

t.test('a first start tells what it made, and what is on', { timeout: 120_000 }, async (t) => {
  const env = await nodeEnvironment(t);
  const first = await startNodeProgram(t, env);
  const said = first.stderr();
  t.match(
    said,
    /First start\. Made in .*\/data:\n( {2}.*\/keys\/(federation|exchange|log|token|kek)-.*\n){5}/,
  );
  t.match(said, /back them up/);
  t.match(said, /INTERVAULT_ALLOW_INSECURE_PEERS is on/);
  const next = /Next: +(.*token create.*)/.exec(said)?.[1] ?? '';
  const shell = ['-u', 'NODE_OPTIONS', 'sh', '-c', next];
  const pasted = promisify(execFile)('env', shell, { cwd: ROOT, env: { PATH: process.env['PATH'], ...env } });
  t.match((await pasted).stdout, /^ey[\w-]+\.[\w-]+\.[\w-]+\n$/, 'the next command works when pasted');
  first.signal('SIGINT');
  const { code, stdout } = await first.ended;
  t.equal(code, 0);
  for (const line of stdout.split('\n').filter((text) => text !== ''))
    t.ok(JSON.parse(line), 'stdout is JSON lines');
  const second = await startNodeProgram(t, env);
  t.notMatch(second.stderr(), /First start/);
  second.signal('SIGTERM');
  t.equal((await second.ended).code, 0);
});

t.test('without a public URL it serves the institution alone, and says what turns the rest on', async (t) => {
  const { INTERVAULT_PUBLIC_URL: _url, ...env } = await nodeEnvironment(t);
  const program = await startNodeProgram(t, env as SenderEnv);
  t.match(program.stderr(), /Federation: +off; set INTERVAULT_PUBLIC_URL/);
  const url = readNodeFile(env.INTERVAULT_DATA_DIR)?.url;
  t.equal((await fetch(`${url}/.well-known/openid-federation`)).status, 404);
  t.equal((await fetch(`${url}/v1/peers`)).status, 401);
  program.signal('SIGTERM');
  t.equal((await program.ended).code, 0);
});

t.test('start --json tells the same to a program', { timeout: 120_000 }, async (t) => {
  const env = await nodeEnvironment(t, { env: { INTERVAULT_LOG_LEVEL: 'info' } });
  const program = startProgram(t, ['start', '--json'], env);
  const lines = () =>
    program
      .stdout()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = await eventually(async () => lines().find(({ event }) => event === 'node.ready'), 60_000);
  t.match(told, {
    pid: program.pid,
    dataDir: env.INTERVAULT_DATA_DIR,
    url: readNodeFile(env.INTERVAULT_DATA_DIR)?.url ?? '',
    managementUrl: /^http:\/\/127\.0\.0\.1:\d+$/,
    entityId: env.INTERVAULT_PUBLIC_URL,
    allowInsecurePeers: true,
  });
  t.match(told, { created: Array.from({ length: 5 }, () => /\/keys\//) }, 'the keys it made');
  program.signal('SIGTERM');
  t.equal((await program.ended).code, 0);
  t.equal(lines().filter(({ level }) => level === undefined).length, 1, 'all the rest is the log');
});

t.test('commands in hints are given as this program is run', async (t) => {
  t.equal(programAt('/home/x/intervault/src/cli/start.ts'), 'npm run --silent intervault --');
  t.equal(programAt('/usr/lib/node_modules/intervault/dist/cli/start.js'), 'intervault');
  t.equal(programAt('/app/dist/cli/start.js'), 'node dist/main.js', 'the container image');
  const hint = 'no intervault node: `intervault peer discover URL`, then `intervault peer add URL`';
  t.equal(asRunHere(hint, 'P --'), 'no intervault node: `P -- peer discover URL`, then `P -- peer add URL`');
});
