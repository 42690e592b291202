import { randomBytes, sign } from 'node:crypto';
import t from 'tap';
import { createSigner, generateSigningKey } from '../../../src/protocol/jose/keys.ts';
import { libsodium } from '../../../src/protocol/jose/libsodium.ts';

const skip = libsodium === undefined && 'the optional package is not installed';

t.test('signs the same bytes as OpenSSL', { skip }, async (t) => {
  for (let round = 0; round < 20; round++) {
    const { privateKey } = generateSigningKey('EdDSA');
    const signer = createSigner(privateKey);
    for (const size of [0, 1, 700, 100_000]) {
      const data = randomBytes(size);
      t.same(await signer.sign(data), sign(null, data, privateKey), `${size} bytes`);
    }
  }
});
