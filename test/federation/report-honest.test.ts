import t from 'tap';
import { saltedManifest } from '../../src/exchange/index.ts';
import { agree } from '../support/agreement.ts';
import { eventually, peerNodes, seedLink, startTestNode, type TestNode } from '../support/node.ts';
import { contactScopes, grantWith, message, slotGrant, sql } from '../support/slot.ts';

t.test('report', async (t) => {
  const env = { INTERVAULT_MIN_GROUP_SIZE: '10' };
  const [guest, host] = [await startTestNode(t, { env }), await startTestNode(t, { env })];
  await peerNodes(guest, host);
  await agree(guest, host, { grant: grantWith(slotGrant()) });
  const links: string[] = [];
  for (let c = 0; c < 10; c++)
    links.push(await seedLink(guest, host, { scopes: contactScopes(guest, host, 'aggregate') }));
  const { priority: _p, ...given } = message();
  const ids: string[] = [];
  for (const link of links) ids.push(await guest.slots.messages.send({ link, ...given }, 'test'));
  await eventually(async () => (await sql(guest, 'select 1 from deliveries')).length === 0);
  const month = new Date().toISOString().slice(0, 7);
  const read = async (node: TestNode, peer: TestNode) =>
    node.reports.relationship({ peer: peer.url, from: month, to: month });
  t.equal((await read(guest, host)).granted.contacts, 10);
  // A link for documents alone, agreed to this month: nobody opted out.
  const none = contactScopes(guest, host, 'none') as Record<string, object>;
  for (const id of Object.keys(none)) none[id] = { ...none[id], contact: [] };
  const docs = await seedLink(guest, host, { scopes: none });
  for (const n of [guest, host])
    await sql(n, 'update link_halves set rev = $2 where link_id = $1', [docs, Date.now()]);
  t.equal((await read(host, guest)).hosted.optOuts, 0, 'a link for documents alone is no opt-out');
  // One opts out in earnest, is erased a while later: still the same month? and resumes counted once
  // The host uses the id of the guest's message for an exchange of its own.
  const [jti] = await host.db.transact((tx) =>
    host.exchange.outbound.say(
      tx,
      [
        {
          jti: ids[0] as never,
          aud: guest.url as never,
          act: 'slot.engagement',
          manifest: saltedManifest({ months: [{ month: '2026-01' }] }),
          submitted: false,
          windowS: 600,
        },
      ],
      new Date(),
    ),
  );
  await eventually(async () => {
    const [r] = await sql(host, 'select state from outbound_exchanges where jti = $1', [jti]);
    return r?.['state'] === 'accepted' ? true : undefined;
  });
  t.equal((await read(guest, host)).granted.contacts, 10, 'the receipts of ten messages');
  t.equal((await read(host, guest)).hosted.contacts, 10);
});
