import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ACCEPTED, checkLog, NOTHING, startBench } from '../faults/bench.ts';
import { type Crafted, PDF, put } from '../support/craft.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A fresh cluster and some documents fit, and not many. */
const SMALL_MIB = 160;
const ENOUGH_MIB = 1_000;
const MAX_DOCUMENTS = 200;

const folder = await tempDir(t);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_MIB}m,mode=0700`, 'tmpfs', folder]);
t.teardown(() => {
  if (mounted.status === 0) spawnSync('umount', ['--lazy', folder]);
});

t.test(
  'a disk that is really full: what was acknowledged stays, the rest is taken once there is room',
  { skip: mounted.status !== 0 && 'this account may mount no file system', timeout: 120_000 },
  async (t) => {
    const bench = await startBench(t, {
      recipient: { env: { INTERVAULT_DATA_DIR: path.join(folder, 'data'), DATABASE_URL: '' } },
    });
    const { b, craft, kept } = bench;
    const taken: { crafted: Crafted; receipt: Buffer }[] = [];
    let refused: Crafted | undefined;
    while (refused === undefined && taken.length < MAX_DOCUMENTS) {
      const crafted = await craft({ content: Buffer.concat([PDF, randomBytes(2_000_000)]) });
      const answer = await put(b, crafted);
      if (answer.status === 201) {
        taken.push({ crafted, receipt: answer.body });
        continue;
      }
      refused = crafted;
      t.ok(
        ['507 database.exhausted', '503 database.unavailable'].includes(
          `${answer.status} ${answer.json()['code']}`,
        ),
        `${answer.status} ${answer.json()['code']} after ${taken.length} documents`,
      );
      t.match(answer.json(), { retryable: true });
    }
    t.ok(taken.length > 3, `${taken.length} documents fitted`);
    if (refused === undefined) throw new Error('the disk never filled');

    spawnSync('mount', ['-o', `remount,size=${ENOUGH_MIB}m`, folder]);
    let answer = await put(b, refused);
    for (let tries = 0; tries < 300 && answer.status >= 500; tries++) {
      await sleep(100);
      answer = await put(b, refused);
    }
    t.equal(answer.status, 201, 'taken, once there is room');
    t.same(await kept(refused.jti), ACCEPTED);
    for (const { crafted, receipt } of taken) {
      const again = await put(b, crafted);
      t.equal(again.status, 200);
      t.same(again.body, receipt);
      t.same(await kept(crafted.jti), ACCEPTED);
    }
    t.same(await kept((await craft()).jti), NOTHING);
    checkLog(t, bench, [refused]);
  },
);
