import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exportPublicJwk, jwkThumbprint } from '../../src/protocol/jose/keys.ts';
import { freshDirectory, open, refusal, START_MS } from './support.ts';

type Case = {
  name: string;
  code: string;
  spoil(directory: string, fileOf: (purpose: string) => string): void;
};

function put(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}

const cases: Case[] = [
  {
    name: 'a key the group may read',
    code: 'keys.permissions',
    spoil: (_, fileOf) => chmodSync(fileOf('exchange'), 0o640),
  },
  {
    name: 'a key the world may read',
    code: 'keys.permissions',
    spoil: (_, fileOf) => chmodSync(fileOf('kek'), 0o604),
  },
  {
    name: 'a key others may write',
    code: 'keys.permissions',
    spoil: (_, fileOf) => chmodSync(fileOf('kek'), 0o602),
  },
  {
    name: 'a directory others may enter',
    code: 'keys.permissions',
    spoil: (directory) => chmodSync(directory, 0o711),
  },
  {
    name: 'a symbolic link',
    code: 'keys.unreadable',
    spoil: (directory, fileOf) => {
      const path = fileOf('log');
      renameSync(path, join(directory, 'elsewhere'));
      symlinkSync('elsewhere', path);
    },
  },
  {
    name: 'a directory under the name of a key',
    code: 'keys.unreadable',
    spoil: (_, fileOf) => {
      const path = fileOf('log');
      unlinkSync(path);
      mkdirSync(path, { mode: 0o700 });
    },
  },
  { name: 'an empty file', code: 'keys.malformed', spoil: (_, fileOf) => put(fileOf('token'), '') },
  { name: 'an empty KEK', code: 'keys.malformed', spoil: (_, fileOf) => put(fileOf('kek'), '') },
  {
    name: 'a KEK cut short',
    code: 'keys.malformed',
    spoil: (_, fileOf) => put(fileOf('kek'), readFileSync(fileOf('kek'), 'utf8').slice(1)),
  },
  {
    name: 'a KEK whose last character has bits to spare',
    code: 'keys.malformed',
    spoil: (_, fileOf) => put(fileOf('kek'), `${'A'.repeat(42)}B\n`),
  },
  {
    name: 'a PEM cut short',
    code: 'keys.malformed',
    spoil: (_, fileOf) => put(fileOf('exchange'), readFileSync(fileOf('exchange'), 'utf8').slice(0, 70)),
  },
  {
    name: 'more bytes than a key has',
    code: 'keys.malformed',
    spoil: (_, fileOf) => put(fileOf('exchange'), 'x'.repeat(16_385)),
  },
  {
    name: 'an encrypted PEM',
    code: 'keys.malformed',
    spoil: (_, fileOf) => {
      const key = createPrivateKey(readFileSync(fileOf('exchange')));
      put(
        fileOf('exchange'),
        key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string,
      );
    },
  },
  {
    name: 'a public key',
    code: 'keys.malformed',
    spoil: (_, fileOf) => {
      const { publicKey } = generateKeyPairSync('ed25519');
      put(fileOf('exchange'), publicKey.export({ type: 'spki', format: 'pem' }) as string);
    },
  },
  {
    name: 'another curve',
    code: 'keys.curve',
    spoil: (_, fileOf) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      put(fileOf('exchange'), privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    },
  },
  {
    name: 'a log key that is not Ed25519',
    code: 'keys.curve',
    spoil: (directory, fileOf) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      unlinkSync(fileOf('log'));
      const kid = jwkThumbprint(exportPublicJwk(privateKey));
      put(join(directory, `log-${kid}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    },
  },
  {
    name: 'the key of another name',
    code: 'keys.mismatch',
    spoil: (_, fileOf) => put(fileOf('exchange'), readFileSync(fileOf('federation'), 'utf8')),
  },
  {
    name: 'a name that names no key',
    code: 'keys.malformed',
    spoil: (directory, fileOf) => renameSync(fileOf('exchange'), join(directory, 'exchange-new.pem')),
  },
  ...['federation', 'exchange', 'log', 'token', 'kek'].map((purpose) => ({
    name: `no ${purpose} key among the others`,
    code: 'keys.incomplete',
    spoil: (_: string, fileOf: (purpose: string) => string) => unlinkSync(fileOf(purpose)),
  })),
  {
    name: 'more keys than a node has',
    code: 'keys.too_many',
    spoil: (directory, fileOf) => {
      const text = readFileSync(fileOf('kek'), 'utf8');
      for (let at = 0; at < 1000; at++) {
        put(join(directory, `kek-${String(at).padStart(13, '0')}-00000000.key`), text);
      }
    },
  },
];

for (const { name, code, spoil } of cases) {
  t.test(`${name}: ${code}`, async (t) => {
    const directory = freshDirectory(t);
    open(directory);
    const secrets = secretLines(directory);
    const before = readdirSync(directory);
    spoil(directory, (purpose) => {
      const found = before.find((fileName) => fileName.startsWith(`${purpose}-`)) ?? '';
      return join(directory, found);
    });
    const after = readdirSync(directory);
    const error = await refusal(() => open(directory));
    t.equal(error?.code, code);
    t.ok(error?.message.includes(directory) || error?.message.includes('exchange-new.pem'), 'says where');
    t.ok(error && error.hint.length > 10, 'says what to do');
    t.equal(error?.cause, undefined);
    const printed = `${error?.stack} ${error?.message} ${error?.hint}`;
    t.notOk(
      secrets.some((secret) => printed.includes(secret)),
      'and no key',
    );
    t.same(readdirSync(directory), after, 'nothing was made in its place');
  });
}

t.test('an EC key whose halves differ', async (t) => {
  const directory = freshDirectory(t);
  open(directory, { alg: 'ES256' });
  const name = readdirSync(directory).find((fileName) => fileName.startsWith('exchange-')) ?? '';
  const der = createPrivateKey(readFileSync(join(directory, name))).export({ type: 'pkcs8', format: 'der' });
  const secretAt = der.indexOf(Buffer.from('020101', 'hex'), 20) + 5;
  der[secretAt + 31] = (der[secretAt + 31] ?? 0) ^ 1;
  const body = der.toString('base64').replace(/.{64}/g, '$&\n');
  put(join(directory, name), `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`);
  t.equal((await refusal(() => open(directory)))?.code, 'keys.malformed');
});

t.test(
  'a file of another account: keys.permissions',
  { skip: process.geteuid?.() !== 0 && 'needs root' },
  async (t) => {
    const directory = freshDirectory(t);
    open(directory);
    const path = join(directory, readdirSync(directory)[0] ?? '');
    chownSync(path, 12_345, 12_345);
    const error = await refusal(() => open(directory));
    t.equal(error?.code, 'keys.permissions');
    t.match(error?.message, /12345/);
  },
);

t.test('a place where no directory can be', async (t) => {
  const directory = freshDirectory(t);
  put(directory, 'a file');
  t.equal((await refusal(() => open(directory)))?.code, 'keys.unwritable');
  t.equal((await refusal(() => open(join(directory, 'keys'))))?.code, 'keys.unwritable');
});

t.test('files that are none of ours are left alone', async (t) => {
  const directory = freshDirectory(t);
  const { fingerprint } = open(directory);
  for (const name of ['README', '.gitkeep', 'exchange-old.pem.bak', 'lost+found'])
    put(join(directory, name), 'x');
  t.equal(open(directory).fingerprint(), fingerprint());
  t.ok(readdirSync(directory).includes('README'));
});

t.test('what a killed process left half written goes, once no one can be writing it', async (t) => {
  const directory = freshDirectory(t);
  open(directory);
  const left = ['.new-0123456789abcdef', '.old-0123456789abcdef'];
  const fresh = '.new-fedcba9876543210';
  for (const name of [...left, fresh]) put(join(directory, name), 'x');
  const startSeconds = START_MS / 1000;
  for (const name of left) utimesSync(join(directory, name), startSeconds - 3601, startSeconds - 3601);
  utimesSync(join(directory, fresh), startSeconds - 3599, startSeconds - 3599);
  open(directory);
  t.same(
    readdirSync(directory).filter((name) => name.startsWith('.')),
    [fresh],
  );
  rmSync(join(directory, fresh));
});

function secretLines(directory: string): string[] {
  return readdirSync(directory)
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '' && !line.startsWith('-----'));
}
