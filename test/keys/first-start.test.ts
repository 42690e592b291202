import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { freshDirectory, open, refusal } from './support.ts';

const KEYS = new URL('../../src/keys/index.ts', import.meta.url).href;
const PROCESSES = 4;
const ROUNDS = 25;

type Start = { fingerprint: string; created: string[] };

/** Opens a store in each of ROUNDS directories, each at the same instant as its siblings do. */
const STARTER = `
  import { createFileKeyStore } from ${JSON.stringify(KEYS)};
  const [parent, startMs, rounds] = [process.argv[1], Number(process.argv[2]), Number(process.argv[3])];
  const starts = [];
  for (let round = 0; round < rounds; round++) {
    while (Date.now() < startMs + round * 20);
    const store = createFileKeyStore({ directory: parent + '/' + round, clock: { nowMs: () => Date.now() } });
    starts.push({ fingerprint: store.fingerprint(), created: store.created });
  }
  console.log(JSON.stringify(starts));
`;

function startProcess(parent: string, startMs: number): Promise<Start[]> {
  const args = ['--input-type=module', '-e', STARTER, parent, String(startMs), String(ROUNDS)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(output) as Start[]) : reject(new Error(`exit code ${code}`)),
    );
  });
}

t.test('processes that start at once on one directory end with the same keys', async (t) => {
  const parent = freshDirectory(t);
  const startMs = Date.now() + 1000;
  const results = await Promise.all(Array.from({ length: PROCESSES }, () => startProcess(parent, startMs)));
  for (let round = 0; round < ROUNDS; round++) {
    const starts = results.map((of) => of[round] as Start);
    const directory = join(parent, String(round));
    const files = readdirSync(directory);
    t.equal(new Set(starts.map(({ fingerprint }) => fingerprint)).size, 1, `round ${round}`);
    t.equal(files.length, 5, 'one key a purpose, nothing left over');
    const created = starts.flatMap((start) => start.created);
    t.same(created.sort(), files.map((name) => join(directory, name)).sort(), 'each said to be made once');
  }
});

/** What a first start had put down when it was killed after copying the first `copied` keys. */
function interrupted(from: string, to: string, copied: number): void {
  mkdirSync(to, { mode: 0o700 });
  const names = readdirSync(from);
  const set = Object.fromEntries(names.map((name) => [name, readFileSync(join(from, name), 'utf8')]));
  writeFileSync(join(to, 'first-start.json'), JSON.stringify(set), { mode: 0o600 });
  for (const name of names.slice(0, copied)) copyFileSync(join(from, name), join(to, name));
}

t.test('a first start that was killed is taken up where it stood', async (t) => {
  const whole = freshDirectory(t);
  const { fingerprint } = open(whole);
  for (let copied = 0; copied <= 5; copied++) {
    const directory = freshDirectory(t);
    interrupted(whole, directory, copied);
    const store = open(directory);
    t.equal(store.fingerprint(), fingerprint(), `after ${copied}`);
    t.equal(store.created.length, 5 - copied);
    t.same(readdirSync(directory), readdirSync(whole));
  }
});

t.test('the set of a replica that came too late changes nothing', async (t) => {
  const directory = freshDirectory(t);
  const late = freshDirectory(t);
  const { fingerprint } = open(directory);
  open(late);
  const set = Object.fromEntries(
    readdirSync(late).map((name) => [name, readFileSync(join(late, name), 'utf8')]),
  );
  writeFileSync(join(directory, 'first-start.json'), JSON.stringify(set), { mode: 0o600 });
  const store = open(directory);
  t.equal(store.fingerprint(), fingerprint());
  t.same(store.created, []);
  t.equal(readdirSync(directory).length, 5);
});

t.test('a purpose that has a key takes no other from the set', async (t) => {
  const mine = freshDirectory(t);
  const other = freshDirectory(t);
  const directory = freshDirectory(t);
  open(mine);
  open(other);
  interrupted(other, directory, 0);
  const exchange = readdirSync(mine).find((name) => name.startsWith('exchange-')) ?? '';
  copyFileSync(join(mine, exchange), join(directory, exchange));
  t.equal(open(directory).created.length, 4);
  t.equal(readdirSync(directory).length, 5);
  t.ok(readdirSync(directory).includes(exchange));
});

t.test('a set that is damaged, lacks a key or is open to others is refused', async (t) => {
  const whole = freshDirectory(t);
  open(whole);
  const put = (text: string, mode = 0o600) => {
    const directory = freshDirectory(t);
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, 'first-start.json'), text, { mode });
    return directory;
  };
  for (const text of ['', '{', '[]', 'null', '{"../x":"y"}', '{"README":"x"}', '{"kek-1.key":"x"}']) {
    const code = (await refusal(() => open(put(text))))?.code;
    t.equal(code, text === '[]' ? 'keys.incomplete' : 'keys.malformed', text);
  }
  t.equal((await refusal(() => open(put('{}', 0o644))))?.code, 'keys.permissions');
  const directory = freshDirectory(t);
  interrupted(whole, directory, 0);
  const path = join(directory, 'first-start.json');
  const set = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  const kek = Object.keys(set).find((name) => name.startsWith('kek-')) ?? '';
  delete set[kek];
  unlinkSync(path);
  writeFileSync(path, JSON.stringify(set), { mode: 0o600 });
  t.equal((await refusal(() => open(directory)))?.code, 'keys.incomplete');
});
