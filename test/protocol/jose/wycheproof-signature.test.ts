import { createPublicKey } from 'node:crypto';
import t from 'tap';
import { exportPublicJwk, importPublicJwk, type VerificationKey } from '../../../src/protocol/jose/keys.ts';
import {
  normalizeLowS,
  verifyInPool,
  verifySignature,
  verifySignatureFast,
} from '../../../src/protocol/jose/signature.ts';
import { readVectors, type WycheproofGroup, type WycheproofTest, withoutVectors } from './wycheproof.ts';

type Group = WycheproofGroup<WycheproofTest & { msg: string; sig: string }> & {
  publicKeyPem: string;
};

const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function keyOf(group: Group): VerificationKey {
  const imported = importPublicJwk(exportPublicJwk(createPublicKey(group.publicKeyPem)));
  if (!imported.ok) throw new Error(imported.reason);
  return imported.key;
}

const ED25519 = 'ed25519_test.json';
t.test('every Ed25519 signature of Wycheproof', { skip: withoutVectors(ED25519) }, async (t) => {
  const tally = { valid: 0, invalid: 0 };
  for (const group of readVectors<Group>(ED25519).testGroups) {
    const { alg, key } = keyOf(group);
    for (const test of group.tests) {
      const name = `${test.tcId} ${test.flags.join()} ${test.comment}`;
      const data = Buffer.from(test.msg, 'hex');
      const signature = Buffer.from(test.sig, 'hex');
      const holds = verifySignature(alg, key, data, signature);
      t.equal(holds, test.result === 'valid', name);
      t.equal(await verifyInPool(alg, key, data, signature), holds, `${name}: in the pool`);
      t.equal(await verifySignatureFast(alg, key, data, signature), holds, `${name}: the fastest way here`);
      tally[test.result]++;
    }
  }
  t.same(tally, { valid: 88, invalid: 63 });
});

const P1363 = 'ecdsa_secp256r1_sha256_p1363_test.json';
t.test('every P-256 signature of Wycheproof, high S aside', { skip: withoutVectors(P1363) }, async (t) => {
  const tally = { valid: 0, validHighS: 0, invalid: 0 };
  for (const group of readVectors<Group>(P1363).testGroups) {
    const { alg, key } = keyOf(group);
    for (const test of group.tests) {
      const name = `${test.tcId} ${test.flags.join()} ${test.comment}`;
      const data = Buffer.from(test.msg, 'hex');
      const signature = Buffer.from(test.sig, 'hex');
      const holds = verifySignature(alg, key, data, signature);
      t.equal(await verifySignatureFast(alg, key, data, signature), holds, `${name}: in the pool`);
      if (test.result === 'invalid') {
        t.equal(holds, false, name);
        tally.invalid++;
      } else if (BigInt('0x' + test.sig.slice(64)) * 2n > P256_N) {
        t.equal(holds, false, `${name}: high S`);
        const lowS = normalizeLowS(signature);
        t.equal(verifySignature(alg, key, data, lowS), true, `${name}: the same with a low S`);
        t.equal(
          await verifySignatureFast(alg, key, data, lowS),
          true,
          `${name}: the same with a low S, in the pool`,
        );
        tally.validHighS++;
      } else {
        t.equal(holds, true, name);
        tally.valid++;
      }
    }
  }
  t.same(tally, { valid: 103, validHighS: 70, invalid: 89 });
});
