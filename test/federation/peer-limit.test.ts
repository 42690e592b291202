import t from 'tap';
import { askAs, craft, type HttpAnswer, put } from '../support/craft.ts';
import { peerNodes, seedLink, startTestNode } from '../support/node.ts';

t.test('a peer is told where it stands, and a stranger is not', async (t) => {
  // Ten seconds' worth is two, and the clock stands still.
  const nowMs = Date.now();
  const a = await startTestNode(t);
  const b = await startTestNode(t, {
    clock: { nowMs: () => nowMs },
    env: { INTERVAULT_PEER_RATE_PER_MIN: '12' },
  });
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const told = ({ headers }: HttpAnswer) => [headers['ratelimit-policy'], headers['ratelimit']];
  const policy = '"peer";q=2;w=10';

  const [first, second, third] = [
    await craft(a, b, { link }),
    await craft(a, b, { link }),
    await craft(a, b, { link }),
  ];
  const forged = await put(b, { ...first, envelope: `${first.envelope.slice(0, -8)}AAAAAAAA` });
  t.match(forged.json(), { code: 'signature.invalid' });
  t.same(told(forged), [undefined, undefined], 'before the signature holds');

  t.same(told(await put(b, first)), [policy, '"peer";r=1;t=5']);
  const replay = await put(b, first);
  t.equal(replay.status, 200);
  t.same(told(replay), [policy, '"peer";r=1;t=5'], 'a replay costs nothing');
  const mismatch = await put(b, second, { body: Buffer.concat([second.content, second.manifest]) });
  t.match(mismatch.json(), { code: 'manifest.digest' });
  t.same(told(mismatch), [policy, '"peer";r=0;t=5'], 'on a refusal as well');

  const over = await put(b, third);
  t.match(over.json(), { code: 'rate.limited', status: 429 });
  t.same([...told(over), over.headers['retry-after']], [policy, '"peer";r=0;t=5', '5']);
  const read = await askAs(a, b, '/federation/v1/exchanges');
  t.match(read.json(), { code: 'rate.limited', status: 429 });
  t.same([...told(read), read.headers['retry-after']], [policy, '"peer";r=0;t=5', '5']);
});
