// What guests may not find out from what they are told of customers.
import t from 'tap';
import { agree } from '../support/agreement.ts';
import { openCustomer, reportEngagement } from '../support/customer.ts';
import { eventually, peerNodes, seedLink, startTestNode } from '../support/node.ts';
import {
  contactScopes,
  grantWith,
  message,
  type SlotPair,
  sendAndWait,
  slotGrant,
  sql,
  startSlotPair,
} from '../support/slot.ts';

t.test('dismissed, told, restored, dismissed again', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell, learned, known } = await openCustomer(pair);
  const sent = await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'dismissed' });
  await reportEngagement(pair);
  await eventually(async () => (await known(sent.id)).length === 2);
  await new Promise((r) => setTimeout(r, 2100));
  await tell({ message: item?.id, kind: 'restored' });
  await tell({ message: item?.id, kind: 'dismissed' });
  const told = (await known(sent.id)).find((e) => e.kind === 'dismissed');
  const seen = (await learned()).filter((e) => e.kind === 'dismissed');
  t.ok(
    seen.some((e) => String(e['at']).slice(0, 19) === told?.at.slice(0, 19)),
    'the customer sees what was told, word for word',
  );
});

t.test('figures with those whom the guest knows one by one', async (t) => {
  const env = { INTERVAULT_MIN_GROUP_SIZE: '10' };
  const [guest, host] = [await startTestNode(t), await startTestNode(t, { env })];
  await peerNodes(guest, host);
  await agree(guest, host, { grant: grantWith(slotGrant()) });
  const links: string[] = [];
  for (let c = 0; c < 21; c++)
    links.push(
      await seedLink(guest, host, {
        scopes: contactScopes(guest, host, c === 0 ? 'aggregate' : 'individual'),
      }),
    );
  const { priority: _p, ...given } = message();
  for (const link of links) await guest.slots.messages.send({ link, ...given }, 'test');
  await eventually(async () => (await sql(host, 'select 1 from hosted_messages')).length === 21);
  const pair = { guest, host, link: links[0], agreement: '' } as unknown as SlotPair;
  for (const [i, link] of links.entries()) {
    if (i > 9) break; // the one with aggregate, and nine others: ten opened
    const { feed, tell } = await openCustomer(pair, link);
    const [item] = await feed();
    await tell({ message: item?.id, kind: 'opened' });
  }
  await reportEngagement(pair);
  const now = new Date();
  await host.slots.months.close(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 8)));
  await reportEngagement(pair);
  const [month] = await eventually(async () => {
    const r = await sql(guest, 'select customers, figures from received_engagement_months');
    return r.length ? r : undefined;
  });
  t.equal(month?.['customers'], null, 'whom the guest knows one by one are no part of the group');
});

t.test('erased at the guest, told afterwards', async (t) => {
  const pair = await startSlotPair(t);
  const { feed, tell } = await openCustomer(pair);
  await sendAndWait(pair);
  const [item] = await feed();
  await tell({ message: item?.id, kind: 'opened' });
  await pair.guest.links.erase(pair.link, 'customer.request');
  await sql(pair.host, `update link_halves set state = 'active' where link_id = $1`, [pair.link]); // the half is still on its way
  await reportEngagement(pair);
  await new Promise((r) => setTimeout(r, 1000));
  t.same(
    await sql(pair.guest, 'select kind, link_id from received_engagement'),
    [],
    'nothing is kept of an erased link',
  );
});
