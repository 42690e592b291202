import t from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { parseEnvelope } from '../../src/protocol/envelope.ts';
import { proposeOver, type ShownAgreement, termsBetween, untilAgreement } from '../support/agreement.ts';
import { type ApiClient, createApiClient } from '../support/api.ts';
import { eventually, peerNodes, seedLink, startTestNode, submit, untilState } from '../support/node.ts';

const PDF = Buffer.from('%PDF-1.7\n1\n%%EOF\n');

const [a, b] = [await startTestNode(t), await startTestNode(t)];
await peerNodes(a, b);
const [atA, atB] = [await createApiClient(a, 'operator'), await createApiClient(b, 'operator')];

async function show(api: ApiClient, id: string) {
  const { body } = await api.call('GET', `/v1/agreements/${id}`);
  return body as unknown as ShownAgreement;
}

const act = (api: ApiClient, id: string, what: string, json?: object) =>
  api.call('POST', `/v1/agreements/${id}/${what}`, json === undefined ? {} : { json });

t.test('an agreement comes about, is amended and ends', async (t) => {
  const link = await seedLink(a, b);
  const before = await submit(a, link, PDF);
  await untilState(a, before.id, 'accepted');

  const proposed = await proposeOver(atA, b.url, termsBetween(a, b), { note: 'Comme convenu.' });
  t.equal(proposed.status, 201);
  t.equal(proposed.headers.get('location'), `/v1/agreements/${proposed.body.id}`);
  t.match(proposed.body, { state: 'open', proposer: 'self', exchanges: [{ act: 'agreement.propose' }] });
  const { id } = proposed.body;
  await untilAgreement(b, id, 'open');
  t.match(await show(atB, id), { proposer: 'peer', note: 'Comme convenu.', terms: termsBetween(a, b) });

  const accepted = await act(atB, id, 'accept');
  t.equal(accepted.status, 200);
  await untilAgreement(b, id, 'agreed');
  const [ours, theirs] = [await show(atA, id), await show(atB, id)];
  t.match(ours, { state: 'agreed', standing: 'current' });
  t.match(theirs, { state: 'agreed', standing: 'current' });
  t.equal(ours.agreedAt, theirs.agreedAt, 'both name the second of the receipt');
  t.same(
    theirs.exchanges.map(({ act, state }) => [act, state]),
    [
      ['agreement.propose', 'accepted'],
      ['agreement.accept', 'accepted'],
    ],
  );

  const under = await submit(a, link, PDF);
  const sent = await untilState(a, under.id, 'accepted');
  const envelope = parseEnvelope(sent.envelope as string);
  t.equal(envelope.ok && envelope.jws.claims['agr'], id, 'what is sent names the version');

  const unnamed = await proposeOver(atB, a.url, termsBetween(b, a));
  t.equal(unnamed.body.code, 'agreement.exists');
  const amendment = await proposeOver(atB, a.url, termsBetween(b, a, { noticeDays: 1 }), { replaces: id });
  t.equal(amendment.status, 201);
  const second = amendment.body.id;
  await untilAgreement(a, second, 'open');
  await act(atA, second, 'accept');
  await untilAgreement(a, second, 'agreed');
  t.match(await show(atB, id), { standing: 'draining' });
  t.match(await show(atB, second), { standing: 'current', agreement: id });

  const tooSoon = new Date(Date.now() + 3_600_000).toISOString();
  t.match((await act(atA, id, 'terminate', { endsAt: tooSoon })).body, { code: 'agreement.notice' });
  const ended = await act(atA, second, 'terminate', { note: 'Fin du partenariat.' });
  t.equal(ended.status, 200);
  const acknowledged = await eventually(async () => {
    const shown = await show(atA, second);
    return shown.terminations[0]?.acknowledged === true && shown;
  });
  const atPeer = await show(atB, second);
  t.equal(acknowledged.endsAt, atPeer.endsAt);
  t.match(atPeer.terminations, [{ by: 'peer', note: 'Fin du partenariat.' }]);
  t.match(atPeer, { standing: 'current' }, 'until then all goes on');
  t.match((await proposeOver(atB, a.url, termsBetween(b, a), { replaces: second })).body, {
    code: 'agreement.ended',
  });

  const { body } = await atB.call('GET', `/v1/agreements/${second}/evidence`);
  const exchanges = body['exchanges'] as {
    act: string;
    envelope: string;
    manifest: string;
    records: { event: string }[];
  }[];
  t.same(
    exchanges.map((one) => [one.act, one.records.map(({ event }) => event)]),
    [
      ['agreement.propose', ['SubmissionAcceptance', 'RelayAcceptance', 'ReceiptStored']],
      ['agreement.accept', ['RelayAcceptance', 'AgreementChanged']],
      ['agreement.terminate', ['RelayAcceptance', 'AgreementChanged']],
    ],
  );
  const claims = parseEnvelope(exchanges[0]?.envelope ?? '');
  t.match(claims.ok && claims.jws.claims['manifest'], { sha256: second }, 'the version is what was signed');
  t.equal(sha256(exchanges[0]?.manifest ?? ''), second, 'byte for byte');

  const list = await atA.call('GET', `/v1/agreements?peer=${encodeURIComponent(b.url)}&limit=1`);
  const page = list.body as { agreements: ShownAgreement[]; next: string };
  t.same(
    page.agreements.map((one) => one.id),
    [second],
  );
  const rest = await atA.call('GET', `/v1/agreements?limit=5&cursor=${page.next}`);
  t.match(rest.body, { agreements: [{ id }], next: null });
});
