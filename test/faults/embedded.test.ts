import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { put } from '../support/craft.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ACCEPTED, checkLog, NOTHING, startBench } from './bench.ts';

t.test('the database is gone: 503 until it is back, and nothing is half kept', async (t) => {
  const dataDir = await tempDir(t);
  const bench = await startBench(t, {
    recipient: { env: { INTERVAULT_DATA_DIR: dataDir, DATABASE_URL: '' } },
  });
  const { b, craft, kept } = bench;
  const crafted = await craft();
  process.kill(Number(readFileSync(`${dataDir}/postgres/postmaster.pid`, 'utf8').split('\n')[0]), 'SIGKILL');
  const first = await put(b, crafted);
  t.equal(first.status, 503);
  t.match(first.json(), { code: 'database.unavailable', retryable: true });
  let answer = first;
  for (let tries = 0; tries < 200 && answer.status === 503; tries++) {
    await sleep(50);
    answer = await put(b, crafted);
  }
  t.equal(answer.status, 201);
  t.same(await kept(crafted.jti), ACCEPTED);
  t.same(await kept((await craft()).jti), NOTHING);
  t.ok(bench.log.lines.some((line) => line['problem'] === 'database.unavailable'));
  checkLog(t, bench, [crafted]);
});
