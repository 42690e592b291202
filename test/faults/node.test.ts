import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { type Crafted, PDF, put } from '../support/craft.ts';
import { eventually, restartTestNode, startTestNode, submit, untilState } from '../support/node.ts';
import { ACCEPTED, DECISION, NOTHING, startBench } from './bench.ts';

const HOUR_MS = 3_600_000;

/** A clock that a test can set wrong. */
function movableClock() {
  let offsetMs = 0;
  return {
    nowMs: () => Date.now() + offsetMs,
    jump(ms: number) {
      offsetMs = ms;
    },
  };
}

t.test(
  'the clock of the recipient jumps: it decides nothing that its database does not confirm',
  async (t) => {
    const clock = movableClock();
    const { b, craft, kept } = await startBench(t, { recipient: { clock } });
    const crafted = await craft();
    clock.jump(48 * HOUR_MS);
    const ahead = await put(b, crafted);
    t.equal(ahead.status, 503, 'expired by its own clock, and by no other');
    t.match(ahead.json(), { retryable: true });
    clock.jump(-48 * HOUR_MS);
    const behind = await put(b, crafted);
    t.equal(behind.status, 400);
    t.match(behind.json(), { code: 'time.from_future', retryable: true });
    t.same(await kept(crafted.jti), NOTHING);
    clock.jump(0);
    t.equal((await put(b, crafted)).status, 201);
    t.same(await kept(crafted.jti), ACCEPTED);

    const now = Math.floor(Date.now() / 1000);
    const expired: Crafted = await craft({ claims: { iat: now - 7200, exp: now - 3600 } });
    t.equal((await put(b, expired)).status, 422, 'expired by both');
    t.same(await kept(expired.jti), DECISION);
  },
);

t.test('the clock of the sender jumps ahead: told to wait, and nothing is given up', async (t) => {
  const clock = movableClock();
  const { a, link, kept } = await startBench(t, { sender: { clock } });
  clock.jump(10 * 60_000);
  const { id } = await submit(a, link, PDF);
  const document = await eventually(async () => {
    const sent = await a.documents.sent(id);
    return sent?.last_code === 'time.from_future' ? sent : undefined;
  });
  t.not(document.state, 'failed');
  t.same(await kept(id), NOTHING);
  clock.jump(0);
  const next = await submit(a, link, PDF);
  await untilState(a, next.id, 'accepted');
  t.same(await kept(next.id), ACCEPTED, 'the others go on');
});

t.test(
  'a key file that cannot be used: the node does not start, makes no new one, and says which',
  async (t) => {
    const node = await startTestNode(t);
    await node.stop();
    const folder = path.join(node.config.dataDir, 'keys');
    const files = (await readdir(folder)).filter((name) => name.includes('exchange'));
    t.equal(files.length, 1);
    const file = path.join(folder, files[0] ?? '');
    const key = await readFile(file);
    const all = (await readdir(folder)).sort();

    await writeFile(file, 'garbage');
    await t.rejects(restartTestNode(t, node.env), { code: 'keys.malformed', hint: /./ });
    await writeFile(file, key);
    await chmod(file, 0o644);
    await t.rejects(restartTestNode(t, node.env), { code: 'keys.permissions', hint: /./ });
    if (process.geteuid?.() !== 0) {
      await chmod(file, 0o000);
      await t.rejects(restartTestNode(t, node.env), { code: 'keys.unreadable' });
    }
    await chmod(file, 0o600);
    t.same((await readdir(folder)).sort(), all, 'nothing was made or removed');
    const again = await restartTestNode(t, node.env);
    t.equal(again.registry.self.entityId, node.url);
  },
);
