import t from 'tap';
import { peerNodes, seedLink, startTestNode, submit, untilState } from '../support/node.ts';

t.test('what two nodes did shows on their management ports', async (t) => {
  const [a, b] = [await startTestNode(t), await startTestNode(t)];
  await peerNodes(a, b);
  const link = await seedLink(a, b);
  const { id } = await submit(a, link, Buffer.from('%PDF-1.7\n1\n%%EOF\n'));
  await untilState(a, id, 'accepted');

  const scrape = async (node: typeof a) => {
    const answer = await fetch(`http://127.0.0.1:${node.management.port}/metrics`);
    t.equal(answer.status, 200);
    return answer.text();
  };
  const [textA, textB] = await Promise.all([scrape(a), scrape(b)]);
  t.match(textA, 'intervault_delivery_tries_total{result="settled",code=""} 1\n');
  t.match(textA, 'intervault_commit_batch_items_sum{work="submit"} 1\n');
  t.match(textA, 'intervault_commit_batch_items_sum{work="settle"} 1\n');
  t.match(textA, 'intervault_evidence_records_total{event="SubmissionAcceptance"} 1\n');
  t.match(textA, 'intervault_evidence_records_total{event="RelayAcceptance"} 1\n');
  t.match(textA, `intervault_queue_length{peer="${b.url}"} 0\n`);
  t.match(textA, `intervault_peer_breaker_state{peer="${b.url}"} 0\n`);
  t.match(textB, 'intervault_exchanges_received_total{outcome="accepted",code=""} 1\n');
  t.match(textB, 'intervault_commit_batch_items_sum{work="receive"} 1\n');
  t.match(textB, 'intervault_body_memory_reserved_bytes 0\n', 'what was taken was given back');
  for (const text of [textA, textB]) t.notMatch(text, id, 'no document is named');

  const ready = await fetch(`http://127.0.0.1:${a.management.port}/readyz`);
  t.equal(ready.status, 200);
  t.match(await ready.json(), {
    status: 'ready',
    reasons: [
      { check: 'database' },
      { check: 'migrations' },
      { check: 'keys' },
      { check: 'registry' },
      { check: 'peers', detail: '1 active' },
    ],
  });
});
