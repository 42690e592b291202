import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createFileKeyStore, KEY_PURPOSES } from '../../src/keys/index.ts';
import { normalizeLowS, verifySignature } from '../../src/protocol/jose/signature.ts';
import { freshDirectory, open, refusal, START_MS } from './support.ts';

const message = Buffer.from('signed');

t.test('a first start makes every key, for the account of the node only, and says so', async (t) => {
  const directory = freshDirectory(t);
  const store = open(directory);
  t.equal(lstatSync(directory).mode & 0o777, 0o700);
  const files = readdirSync(directory);
  t.same([...store.created].sort(), files.map((name) => join(directory, name)).sort());
  t.match(
    files.sort().join(' '),
    /^exchange-\S{43}\.pem federation-\S+ kek-\d{13}-\w{8}\.key log-\S+ token-\S+$/,
  );
  for (const name of files) t.equal(lstatSync(join(directory, name)).mode & 0o777, 0o600, name);
  t.ok(store.currentKekId().startsWith(String(START_MS)));
});

t.test('a second start finds them', async (t) => {
  const directory = freshDirectory(t);
  const first = open(directory);
  const second = open(directory, { clock: { nowMs: () => START_MS + 1 } });
  t.same(second.created, []);
  t.equal(second.fingerprint(), first.fingerprint());
  t.same(second.describe(), first.describe());
});

t.test('each purpose signs with a key of its own', async (t) => {
  for (const alg of ['EdDSA', 'ES256'] as const) {
    const store = open(freshDirectory(t), { alg });
    const kids = new Set<string>();
    for (const purpose of KEY_PURPOSES) {
      const signer = store.signer(purpose);
      kids.add(signer.kid);
      t.equal(store.signer(purpose, signer.kid), signer, 'made once');
      t.equal(signer.alg, purpose === 'log' ? 'EdDSA' : alg);
      const [publicKey, none] = store.publicKeys(purpose);
      t.equal(none, undefined);
      t.equal(publicKey?.kid, signer.kid);
      const bytes = await signer.sign(message);
      const signature = signer.alg === 'ES256' ? normalizeLowS(bytes) : Buffer.from(bytes);
      t.ok(publicKey && verifySignature(publicKey.alg, publicKey.key, message, signature));
      t.notOk(publicKey && 'd' in publicKey.jwk);
    }
    t.equal(kids.size, KEY_PURPOSES.length);
  }
});

t.test('rotating a signing key', async (t) => {
  const directory = freshDirectory(t);
  const store = open(directory);
  const old = store.signer('exchange').kid;
  const made = await store.generate('exchange');
  t.not(made, old);
  t.equal(store.signer('exchange', made).kid, made);
  t.equal((await refusal(() => store.signer('exchange')))?.code, 'keys.ambiguous');
  t.same(
    store.publicKeys('exchange').map(({ kid }) => kid),
    [old, made].sort(),
  );
  t.equal(
    (await refusal(() => store.signer('federation', made)))?.code,
    'keys.unknown',
    'purposes are not mixed',
  );

  await store.destroy('exchange', old);
  await store.destroy('exchange', old);
  t.equal((await refusal(() => store.signer('exchange', old)))?.code, 'keys.unknown');
  t.equal((await refusal(() => store.destroy('exchange', made)))?.code, 'keys.in_use');
  t.equal(store.signer('exchange').kid, made);
  t.equal(open(directory).signer('exchange').kid, made);
  t.notOk(
    readdirSync(directory).some((name) => name.startsWith('.')),
    'nothing is left of the old one',
  );
});

t.test('a name from outside never leaves the directory', async (t) => {
  const store = open(freshDirectory(t));
  for (const kid of ['../x', '', '/etc/passwd', 'a'.repeat(44), `${'a'.repeat(42)}/`, '\0']) {
    t.equal((await refusal(() => store.signer('exchange', kid)))?.code, 'keys.unknown');
    t.same(await store.unwrap(kid, randomUUID(), randomBytes(60)), { ok: false, reason: 'keys.kek_unknown' });
    await store.destroy('exchange', kid);
    await store.destroyKek(kid);
  }
});

t.test('upload keys are wrapped under the current KEK', async (t) => {
  const store = open(freshDirectory(t));
  const uploadId = randomUUID();
  const key = randomBytes(32);
  const { kekId, wrapped } = await store.wrap(uploadId, key);
  t.equal(kekId, store.currentKekId());
  t.same(await store.unwrap(kekId, uploadId, wrapped), { ok: true, key });
  const again = await store.wrap(uploadId, key);
  t.notOk(Buffer.from(again.wrapped).equals(wrapped), 'no nonce twice');
  t.same(await store.unwrap(kekId, randomUUID(), wrapped), { ok: false, reason: 'keys.unwrap_failed' });
  t.same(await store.unwrap(kekId, uploadId, wrapped.subarray(1)), {
    ok: false,
    reason: 'keys.unwrap_failed',
  });
});

t.test('a destroyed KEK opens nothing any more', async (t) => {
  const directory = freshDirectory(t);
  const store = open(directory);
  const uploadId = randomUUID();
  const { kekId, wrapped } = await store.wrap(uploadId, randomBytes(32));
  t.equal((await refusal(() => store.destroyKek(kekId)))?.code, 'keys.in_use');

  const next = await store.generateKek();
  t.equal(store.currentKekId(), next);
  t.equal((await store.wrap(uploadId, randomBytes(32))).kekId, next);
  t.equal((await store.wrap(uploadId, randomBytes(32), kekId)).kekId, kekId);
  t.ok((await store.unwrap(kekId, uploadId, wrapped)).ok, 'the replaced one still opens');

  await store.destroyKek(kekId);
  await store.destroyKek(kekId);
  t.same(await store.unwrap(kekId, uploadId, wrapped), { ok: false, reason: 'keys.kek_unknown' });
  t.equal((await refusal(() => store.wrap(uploadId, randomBytes(32), kekId)))?.code, 'keys.unknown');
  t.same(await open(directory).unwrap(kekId, uploadId, wrapped), { ok: false, reason: 'keys.kek_unknown' });
});

t.test('the newest KEK is the last one made, whatever the clock says', async (t) => {
  let nowMs = START_MS;
  const store = open(freshDirectory(t), { clock: { nowMs: () => nowMs } });
  for (const jumpMs of [1, 0, -86_400_000, 3_600_000, -5]) {
    nowMs += jumpMs;
    const made = await store.generateKek();
    t.equal(store.currentKekId(), made, `after ${jumpMs} ms`);
  }
  const times = store.describe().flatMap(({ createdAtMs }) => createdAtMs ?? []);
  t.same(times, times.toSorted(), 'described in order');
  t.equal(times.length, 6);
});

t.test('replicas with the same files have the same fingerprint, others have not', async (t) => {
  const directory = freshDirectory(t);
  const a = open(directory);
  const b = open(directory);
  t.match(a.fingerprint(), /^[0-9a-f]{64}$/);
  t.equal(a.fingerprint(), b.fingerprint());
  t.not(a.fingerprint(), open(freshDirectory(t)).fingerprint());

  const before = a.fingerprint();
  await a.generateKek();
  t.not(a.fingerprint(), before);
  t.equal(b.fingerprint(), before);
  await b.reload();
  t.equal(b.fingerprint(), a.fingerprint());
});

t.test('another KEK under the same id has another fingerprint', async (t) => {
  const directory = freshDirectory(t);
  const store = open(directory);
  const path = join(directory, `kek-${store.currentKekId()}.key`);
  writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`);
  const changed = open(directory);
  t.equal(changed.currentKekId(), store.currentKekId());
  t.not(changed.fingerprint(), store.fingerprint());
});

t.test(
  'what another replica makes is found when it is named, what it destroys is forgotten on reload',
  async (t) => {
    const directory = freshDirectory(t);
    const a = open(directory);
    const b = open(directory);
    const kid = await a.generate('exchange');
    t.equal(b.signer('exchange', kid).kid, kid);

    const uploadId = randomUUID();
    const oldKek = a.currentKekId();
    const kept = await b.wrap(uploadId, randomBytes(32));
    await a.generateKek();
    const { kekId, wrapped } = await a.wrap(uploadId, randomBytes(32));
    t.ok((await b.unwrap(kekId, uploadId, wrapped)).ok);
    t.equal(b.currentKekId(), kekId);

    await a.destroyKek(oldKek);
    await b.reload();
    t.same(await b.unwrap(oldKek, uploadId, kept.wrapped), { ok: false, reason: 'keys.kek_unknown' });
  },
);

t.test('two replicas can not destroy the last two keys of a purpose', async (t) => {
  const directory = freshDirectory(t);
  const a = open(directory);
  const first = a.signer('exchange').kid;
  const second = await a.generate('exchange');
  const b = open(directory);
  await a.destroy('exchange', first);
  t.equal((await refusal(() => b.destroy('exchange', second)))?.code, 'keys.in_use');
});

t.test('a reload that fails leaves the store as it was', async (t) => {
  const directory = freshDirectory(t);
  const store = open(directory);
  const fingerprint = store.fingerprint();
  chmodSync(directory, 0o750);
  t.equal((await refusal(() => store.reload()))?.code, 'keys.permissions');
  chmodSync(directory, 0o700);
  const log = readdirSync(directory).find((name) => name.startsWith('log-')) ?? '';
  unlinkSync(join(directory, log));
  t.equal((await refusal(() => store.reload()))?.code, 'keys.incomplete');
  rmSync(directory, { recursive: true });
  t.equal((await refusal(() => store.reload()))?.code, 'keys.unreadable');
  t.equal((await refusal(() => store.generateKek()))?.code, 'keys.unwritable');
  t.equal(store.fingerprint(), fingerprint);
  t.ok(await store.signer('log').sign(message));
});

t.test('nothing that can be printed holds a key', async (t) => {
  const directory = freshDirectory(t);
  const store = createFileKeyStore({ directory, clock: { nowMs: () => START_MS } });
  const shown = JSON.stringify([store.describe(), store, store.publicKeys('exchange')]);
  for (const name of readdirSync(directory)) {
    const secret = readFileSync(join(directory, name), 'utf8')
      .split('\n')
      .find((line) => line !== '' && !line.startsWith('-----'));
    t.ok(secret && secret.length >= 43);
    t.notOk(shown.includes(secret ?? ''), name);
  }
});
