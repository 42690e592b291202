import { execFile } from 'node:child_process';
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { createThreadedVerifier } from '../../src/keys/verifier.ts';
import { generateSigningKey } from '../../src/protocol/jose/keys.ts';
import { type Libsodium, libsodium } from '../../src/protocol/jose/libsodium.ts';
import { verifySignature } from '../../src/protocol/jose/signature.ts';

const execute = promisify(execFile);

const skip = libsodium === undefined && 'the optional package is not installed';

type Case = { key: KeyObject; data: Buffer; signature: Buffer; holds: boolean };

/** Signatures under two keys, every third over other bytes, of sizes from nothing to `largest`. */
function makeCases(count: number, largest = 2_000): Case[] {
  const keys = [generateSigningKey('EdDSA'), generateSigningKey('EdDSA')] as const;
  return Array.from({ length: count }, (_, at) => {
    const { privateKey } = keys[at % 2 === 0 ? 0 : 1];
    const data = Buffer.alloc(Math.round((largest * at) / count), at);
    const holds = at % 3 !== 0;
    const signature = sign(null, holds ? data : Buffer.from(`another ${at}`), privateKey);
    return { key: createPublicKey(privateKey), data, signature, holds };
  });
}

/** libsodium that counts what the event loop's own thread verifies. */
function counting(): { sodium: Libsodium; here: () => number } {
  const sodium = libsodium as Libsodium;
  let count = 0;
  const verify: Libsodium['verify'] = (...args) => {
    count++;
    return sodium.verify(...args);
  };
  return { sodium: { ...sodium, verify }, here: () => count };
}

t.test('verifies on its thread what waits together', { skip }, async (t) => {
  const { sodium, here } = counting();
  const failures: Error[] = [];
  const verifier = createThreadedVerifier(sodium, { onFailure: (error) => failures.push(error) });
  t.teardown(() => verifier.close());
  const verifyAll = (cases: readonly Case[]) =>
    Promise.all(cases.map(({ key, data, signature }) => verifier.verify('EdDSA', key, data, signature)));
  const expected = (cases: readonly Case[]) => cases.map(({ holds }) => holds);

  const [single] = makeCases(1) as [Case];
  t.equal(await verifier.verify('EdDSA', single.key, single.data, single.signature), false);
  t.equal(verifier.thread, undefined, 'no thread for one alone');

  const cases = makeCases(60);
  // Until the thread took over.
  let before: number;
  do {
    before = here();
    t.same(await verifyAll(cases), expected(cases));
    await sleep(20);
  } while (here() > before);

  const large = makeCases(400, 4_000);
  before = here();
  t.same(await verifyAll(large), expected(large), 'more than one batch holds');
  t.ok(here() - before <= 1, 'and at most a last one was left alone');

  const tooLarge = makeCases(3, 600_000);
  t.same(await verifyAll([...tooLarge, ...cases]), expected([...tooLarge, ...cases]), 'larger than a batch');

  const running = verifyAll(cases);
  await turn();
  await turn();
  await verifier.thread?.terminate();
  t.same(await running, expected(cases), 'what a thread that ended had in hand');
  t.same(await verifyAll(cases), expected(cases), 'and what came after it');
  t.same(failures, []);
});

t.test(
  'closed while an answer is on its way, it holds the process until it is closed',
  { skip },
  async (t) => {
    const file = (name: string) => JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href);
    // What is still in hand when the thread is told to end, a moment later each time.
    const program = (busyMs: number) => `
    import { createPublicKey, sign } from 'node:crypto';
    import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
    import { createThreadedVerifier } from ${file('keys/verifier.ts')};
    import { generateSigningKey } from ${file('protocol/jose/keys.ts')};
    import { libsodium } from ${file('protocol/jose/libsodium.ts')};
    const { privateKey } = generateSigningKey('EdDSA');
    const key = createPublicKey(privateKey);
    const data = Buffer.from('signed');
    const signature = sign(null, data, privateKey);
    const verifier = createThreadedVerifier(libsodium, { onFailure: console.error });
    const verify = (count) =>
      Promise.all(Array.from({ length: count }, () => verifier.verify('EdDSA', key, data, signature)));
    await verify(2);
    await sleep(150);
    verify(20);
    await turn();
    await turn();
    const until = performance.now() + ${busyMs};
    while (performance.now() < until);
    await verifier.close();
    console.log('closed');`;
    for (const busyMs of [0, 0.5, 1, 2, 4]) {
      const { stdout } = await execute(process.execPath, [
        '--input-type=module-typescript',
        '-e',
        program(busyMs),
      ]);
      t.equal(stdout, 'closed\n', `after ${busyMs} ms`);
    }
  },
);

t.test('what is not of Ed25519 goes the usual way', { skip }, async (t) => {
  const verifier = createThreadedVerifier(libsodium as Libsodium, { onFailure: t.fail });
  const { privateKey } = generateSigningKey('ES256');
  const key = createPublicKey(privateKey);
  const data = Buffer.from('signed');
  const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  t.equal(
    await verifier.verify('ES256', key, data, signature),
    verifySignature('ES256', key, data, signature),
  );
  const [short] = makeCases(2).slice(1) as [Case];
  t.equal(await verifier.verify('EdDSA', short.key, short.data, short.signature.subarray(1)), false);
});
