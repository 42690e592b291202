// Messages under agreements: placed and counted under the version they name, whatever changes on the way.
import t from 'tap';
import { agree, untilAgreement } from '../support/agreement.ts';
import { holdAct, startHop } from '../support/hop.ts';
import { untilBooksAgree } from '../support/ledger.ts';
import { eventually, peerNodes, seedLink, startTestNode } from '../support/node.ts';
import { contactScopes, grantWith, message, slotGrant, sql } from '../support/slot.ts';

t.test('an amendment while messages are in flight', async (t) => {
  const toHost = await startHop(t);
  const [guest, host] = [await startTestNode(t), await startTestNode(t, { hop: toHost })];
  await peerNodes(guest, host);
  const link = await seedLink(guest, host, { scopes: contactScopes(guest, host) });
  const first = await agree(guest, host, { drainDays: 1, noticeDays: 1, grant: grantWith(slotGrant()) });

  // Only messages wait: the amendment passes.
  const waiting = holdAct(toHost, 'slot.message');
  const { priority: _priority, ...offer } = message({ category: 'offer' });
  const send = () => guest.slots.messages.send({ link, ...offer }, 'test');
  const answered = (id: string) =>
    eventually(async () => {
      const sent = await guest.slots.messages.show(id);
      return sent.state === 'submitted' ? undefined : sent;
    });
  const underway = [await send(), await send()];
  await eventually(async () => waiting.length === underway.length);
  // An offer weighs more, and the slot takes none any more but what is under way.
  const second = await agree(host, guest, {
    replaces: first,
    drainDays: 1,
    noticeDays: 1,
    weights: { service: 0, advice: 2, offer: 7, survey: 2 },
    grant: grantWith(slotGrant({ categories: ['service', 'advice'] })),
  });
  await untilAgreement(host, second, 'agreed');
  for (const go of waiting) go();
  toHost.onPut = undefined;
  for (const id of underway) t.match(await answered(id), { state: 'placed' }, 'under the version it names');

  await t.rejects(send(), { code: 'message.category' }, 'the one that applies now has no offers');
  const { priority: _, ...advice } = message();
  const next = await guest.slots.messages.send({ link, ...advice }, 'test');
  t.match(await answered(next), { state: 'placed' });
  t.same(await sql(host, 'select agreement from hosted_messages order by placed_at, jti'), [
    { agreement: first },
    { agreement: first },
    { agreement: second },
  ]);
  const books = await untilBooksAgree(guest, host, first);
  t.equal(books.b.balance, 3 + 3 + 2, 'each by the weights it came under, in one account');
  t.equal(books.a.balance, -8);
});
