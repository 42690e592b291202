import t from 'tap';
import { agree } from '../support/agreement.ts';
import { eventually, peerNodes, seedLink, startTestNode, type TestNode } from '../support/node.ts';
import { contactScopes, grantWith, message, slotGrant, sql } from '../support/slot.ts';

t.test('opt-outs on both sides, and in the month in which they were', async (t) => {
  const env = { INTERVAULT_MIN_GROUP_SIZE: '10' };
  const [guest, host] = [await startTestNode(t, { env }), await startTestNode(t, { env })];
  await peerNodes(guest, host);
  await agree(guest, host, { grant: grantWith(slotGrant()) });
  const links: string[] = [];
  for (let c = 0; c < 12; c++)
    links.push(await seedLink(guest, host, { scopes: contactScopes(guest, host, 'aggregate') }));
  const { priority: _p, ...given } = message();
  for (const link of links) await guest.slots.messages.send({ link, ...given }, 'test');
  const idle = async () => {
    for (const n of [guest, host])
      await eventually(async () => (await sql(n, 'select 1 from deliveries')).length === 0 || undefined);
  };
  await idle();
  const month = new Date().toISOString().slice(0, 7);
  const read = async (node: TestNode, peer: TestNode) =>
    node.reports.relationship({ peer: peer.url, from: month, to: month });
  // The guest forgets one of its customers; the same customer ends the link in the vault.
  await guest.links.erase(links[0] as never, 'customer.request');
  await idle();
  await host.links.change(links[0] as never, { kind: 'revoke' } as never);
  await idle();
  t.equal(
    (await read(host, guest)).hosted.optOuts,
    (await read(guest, host)).granted.optOuts,
    'both say the same',
  );
  // One opted out months ago, and is erased today.
  await host.links.change(links[1] as never, { kind: 'revoke' } as never);
  await idle();
  const old = Date.now() - 20 * 86400_000 - 31 * 86400_000;
  for (const n of [host, guest])
    await sql(n, `update link_halves set rev = $2 where link_id = $1 and state = 'revoked'`, [links[1], old]);
  const before = (await read(host, guest)).hosted.optOuts;
  await host.links.erase(links[1] as never, 'customer.request');
  await idle();
  t.equal((await read(host, guest)).hosted.optOuts, before, 'an opt-out stays in its month');
});
