import t from 'tap';
import { isAllowedAddress } from '../../../src/registry/fetch/address.ts';

const PUBLIC = [
  '8.8.8.8',
  '193.0.6.139',
  '2001:67c:2e8:22::c100:68b',
  '2a00:1450:4007::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
];
const PRIVATE = [
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.127.255.255',
  '::1',
  'fc00::1',
  'fd12:3456::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::10.0.0.1',
];
const NEVER = [
  '0.0.0.0',
  '0.1.2.3',
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '64:ff9b::169.254.169.254',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '::',
  '::127.0.0.1',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '2001:db8::1',
  '2001::1',
  '2002:7f00:1::',
  '2002:808:808::1',
  '64:ff9b:1::10.0.0.1',
  '100::1',
  '4000::1',
  '',
  'localhost',
  'a.example',
];

t.test('public addresses always, private ones by permission, others never', async (t) => {
  for (const address of PUBLIC) {
    t.ok(isAllowedAddress(address, { allowPrivate: false }), address);
    t.ok(isAllowedAddress(address, { allowPrivate: true }), address);
  }
  for (const address of PRIVATE) {
    t.notOk(isAllowedAddress(address, { allowPrivate: false }), address);
    t.ok(isAllowedAddress(address, { allowPrivate: true }), address);
  }
  for (const address of NEVER) {
    t.notOk(isAllowedAddress(address, { allowPrivate: false }), address);
    t.notOk(isAllowedAddress(address, { allowPrivate: true }), address);
  }
});
