import t from 'tap';
import { v7 as uuidV7 } from 'uuid';
import { type LinkTokenClaims, signLinkToken } from '../../src/protocol/link-token.ts';
import {
  A,
  B,
  CONSENT,
  deliver,
  deliverBatch,
  drain,
  lastSent,
  linkUp,
  redeemAt,
  SCOPES,
  settle,
  startAt,
  twoSides,
} from './sides.ts';

const stateAt = async (side: { links: { show(id: string): Promise<{ state: string }> } }, id: string) =>
  (await side.links.show(id)).state;

t.test('a link needs both: the token, the customer at the other side, the code in the session', async (t) => {
  const { a, b } = await twoSides(t);
  const started = await startAt(a, b, 'customer-a');
  t.match(started.url, /^https:\/\/b\.example\/link#ivx-link=/, 'the token stands in the fragment alone');
  await b.links.redeem({ token: started.token, customer: 'customer-b', consent: CONSENT, session: 's' });
  t.same(await b.links.redemption(started.linkId, 's'), { status: 'pending' }, 'no code before the receipt');
  await t.rejects(b.links.redemption(started.linkId, 'another'), { code: 'link.session' });
  const manifest = lastSent(b, 'link.redeem')?.draft.manifest.toString() ?? '';
  t.match(manifest, started.token);
  await deliver(lastSent(b, 'link.redeem'), a);
  const status = await b.links.redemption(started.linkId, 's');
  t.equal(status.status, 'confirmed');
  t.equal(await stateAt(a, started.linkId), 'pending');
  t.equal((await a.gate.read([started.linkId])).get(started.linkId)?.state, 'pending');
  const code = status.status === 'confirmed' ? status.code : '';
  t.not(code, '');
  t.notMatch(manifest, code, 'only the hash of the code travels');
  t.notMatch(manifest, /customer-[ab]/);
  const rows = await b.db.withClient((client) => client.query('select r::text from link_redemptions r'));
  t.notMatch(JSON.stringify(rows.rows), code, 'the code does not lie in the database');

  const complete = { linkId: started.linkId, customer: 'customer-a', session: 'session-1', code };
  t.equal((await a.links.complete(complete)).state, 'active');
  await a.links.complete(complete);
  await a.settled();
  await drain(a, b);
  t.equal(await stateAt(b, started.linkId), 'active');
  t.same(await b.links.redemption(started.linkId, 's'), { status: 'complete' });
  t.ok((await a.links.show(started.linkId)).self?.acknowledged);
  const halves = await a.links.show(started.linkId);
  t.equal(halves.self?.consent?.controllers.length, 2);
  t.equal(halves.other?.consent?.jurisdiction, 'FR');
});

t.test('each misuse its code, at the redeemer', async (t) => {
  const { a, b } = await twoSides(t);
  const now = Math.floor(Date.now() / 1000);
  const claims = (more: Partial<LinkTokenClaims>): LinkTokenClaims => ({
    iss: A,
    aud: B,
    sub: uuidV7() as LinkTokenClaims['sub'],
    iat: now,
    exp: now + 900,
    scopes: SCOPES,
    holder: 'M. D••••',
    returnUrl: 'https://bank.example/return',
    ...more,
  });
  const cases: [name: string, claims: LinkTokenClaims, signedBy: typeof a, code: string][] = [
    ['expired', claims({ iat: now - 900, exp: now }), a, 'link.token_expired'],
    ['too long', claims({ exp: now + 901 }), a, 'link.token'],
    ['from the future', claims({ iat: now + 120, exp: now + 900 }), a, 'time.from_future'],
    ['wrong audience', claims({ aud: 'https://c.example' as never }), a, 'link.audience'],
    ['unknown institution', claims({ iss: 'https://c.example' as never }), a, 'link.institution'],
    ['signed by another', claims({}), b, 'link.token'],
    ['scopes of a third', claims({ scopes: { 'https://c.example': {} } }), a, 'link.token'],
    ['plain http return', claims({ returnUrl: 'http://bank.example/' }), a, 'link.token'],
  ];
  for (const [name, given, signedBy, code] of cases) {
    const token = await signLinkToken(given, signedBy.signer);
    await t.rejects(b.links.inspect(token), { code }, name);
    await t.rejects(
      b.links.redeem({ token, customer: 'x', consent: CONSENT, session: 's' }),
      { code },
      `${name}, redeemed`,
    );
  }
  await t.rejects(b.links.inspect('a.b.c'), { code: 'link.token' });
  a.peerState = 'suspended';
  await t.rejects(startAt(a, b, 'x'), { code: 'link.peer' });
  a.peerState = 'active';

  const { token, linkId } = await startAt(a, b, 'customer-a');
  await b.links.decline(token);
  await t.rejects(b.links.inspect(token), { code: 'link.declined' });
  await t.rejects(b.links.redemption(linkId, 's'), { code: 'link.not_found' });

  const wide = await startAt(a, b, 'customer-a');
  await t.rejects(
    b.links.redeem({
      token: wide.token,
      customer: 'x',
      consent: CONSENT,
      session: 's',
      scopes: { [A]: { documents: ['tax.notice'] } },
    }),
    { code: 'link.scopes' },
    'more than was asked',
  );
  await b.links.redeem({ token: wide.token, customer: 'x', consent: CONSENT, session: 's' });
  await t.rejects(b.links.redeem({ token: wide.token, customer: 'x', consent: CONSENT, session: 's' }), {
    code: 'link.token_consumed',
  });
  await t.rejects(b.links.inspect(wide.token), { code: 'link.token_consumed' });
});

t.test('two who redeem one token at once: one wins', async (t) => {
  const { a, b } = await twoSides(t);
  const { token } = await startAt(a, b, 'customer-a');
  const outcomes = await Promise.allSettled(
    ['x', 'y', 'z'].map((customer) =>
      b.links.redeem({ token, customer, consent: CONSENT, session: customer }),
    ),
  );
  t.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') t.equal(outcome.reason.code, 'link.token_consumed');
  }
});

t.test('each misuse its code, at the initiator', async (t) => {
  const { a, b } = await twoSides(t);
  const redeemed = async () => {
    const started = await startAt(a, b, uuidV7());
    await b.links.redeem({ token: started.token, customer: uuidV7(), consent: CONSENT, session: 's' });
    const flight = lastSent(b, 'link.redeem');
    if (flight === undefined) throw new Error('nothing was sent');
    return { ...started, flight };
  };
  const refusedAt = async (linkId: string) => b.links.redemption(linkId, 's');

  const expired = await redeemed();
  await a.age(`update link_offers set expires_at = now() - interval '2 minutes' where state = 'open'`);
  t.equal((await deliver(expired.flight, a)).refusal, 'link.token_expired');
  t.same(await refusedAt(expired.linkId), { status: 'refused', reason: 'link.token_expired' });
  t.equal(await stateAt(b, expired.linkId), 'revoked', 'the redeemer lets go of its half');
  t.equal(b.sent.filter((flight) => flight.draft.act === 'link.half').length, 0, 'and tells nobody');
  await a.links.sweeper.sweep();
  t.equal(
    (await deliver(expired.flight, a, { reply: false })).refusal,
    'link.token_expired',
    'also once swept',
  );

  const wrongPeer = await redeemed();
  t.equal(
    (await deliver(wrongPeer.flight, a, { from: 'https://c.example' as never, reply: false })).refusal,
    'link.institution',
  );
  const twice = await redeemed();
  t.equal((await deliver(twice.flight, a)).refusal, undefined);
  t.equal((await deliver(twice.flight, a, { reply: false })).refusal, 'link.token_consumed');
  const inOneBatch = await redeemed();
  t.same(
    await deliverBatch([inOneBatch.flight, inOneBatch.flight], a, { reply: false }),
    [{ refusal: undefined }, { refusal: 'link.token_consumed' }],
    'also within one batch',
  );
  const forged = await redeemed();
  const other = await startAt(a, b, 'somebody');
  await a.age(`update link_offers set token_sha256 = sha256('x') where link_id = '${forged.linkId}'`);
  t.equal((await deliver(forged.flight, a, { reply: false })).refusal, 'link.token');
  t.equal(await stateAt(a, other.linkId), 'offered');
});

t.test('completing: session, customer, code', async (t) => {
  const { a, b } = await twoSides(t);
  const { linkId, token } = await startAt(a, b, 'customer-a');
  const right = { linkId, customer: 'customer-a', session: 'session-1', code: 'AAAAA-AAAAA' };
  await t.rejects(a.links.complete(right), { code: 'link.not_redeemed' });
  const code = await redeemAt(b, a, token, 'customer-b');
  await t.rejects(a.links.complete({ ...right, code, session: 'session-9' }), { code: 'link.session' });
  await t.rejects(a.links.complete({ ...right, code, customer: 'thief' }), { code: 'link.customer' });
  await t.rejects(a.links.complete({ ...right, linkId: uuidV7() }), { code: 'link.not_found' });
  await t.rejects(a.links.complete({ ...right, linkId: 'x' }), { code: 'link.not_found' });
  for (let triesLeft = 4; triesLeft > 0; triesLeft--) {
    await t.rejects(a.links.complete(right), { code: 'link.code', details: { triesLeft } });
  }
  await t.rejects(a.links.complete(right), { code: 'link.codes_exhausted' });
  await t.rejects(
    a.links.complete({ ...right, code }),
    { code: 'link.codes_exhausted' },
    'the right one is late',
  );
  await drain(a, b);
  t.equal(await stateAt(a, linkId), 'revoked');
  t.equal(await stateAt(b, linkId), 'revoked');
  t.same(await b.links.redemption(linkId, 'session-2'), { status: 'refused', reason: 'link.lapsed' });
});

t.test('only the initiator times out', async (t) => {
  const { a, b } = await twoSides(t);
  const { linkId, token } = await startAt(a, b, 'customer-a');
  const code = await redeemAt(b, a, token, 'customer-b');
  await a.links.sweeper.sweep();
  t.equal(await stateAt(a, linkId), 'pending');
  await a.age(`update link_offers set redeemed_at = now() - interval '30 minutes'`);
  await t.rejects(a.links.complete({ linkId, customer: 'customer-a', session: 'session-1', code }), {
    code: 'link.lapsed',
  });
  t.equal(await stateAt(a, linkId), 'revoked');
  await drain(a, b);
  t.equal(await stateAt(b, linkId), 'revoked');

  const swept = await startAt(a, b, 'customer-a');
  await redeemAt(b, a, swept.token, 'customer-b');
  await a.age(`update link_offers set redeemed_at = now() - interval '30 minutes' where state = 'redeemed'`);
  await a.links.sweeper.sweep();
  await drain(a, b);
  t.equal(await stateAt(b, swept.linkId), 'revoked');
  const lapsed = await a.db.read.selectFrom('evidence_records').select('event').execute();
  t.equal(lapsed.filter((record) => record.event === 'AcceptanceRejectionExpiry').length, 2);

  const shown = await startAt(a, b, 'customer-a');
  await b.links.inspect(shown.token);
  await b.age(`update link_redemptions set expires_at = now() where state = 'shown'`);
  await b.links.sweeper.sweep();
  await t.rejects(b.links.inspect(shown.token), { code: 'link.token_expired' });
  await a.age(`update link_offers set expires_at = now() - interval '2 minutes' where state = 'open'`);
  await a.links.sweeper.sweep();
  t.equal(await stateAt(a, shown.linkId), 'ended');
  await a.age(`update link_offers set ended_at = now() - interval '2 days'`);
  await a.links.sweeper.sweep();
  await t.rejects(a.links.show(shown.linkId), { code: 'link.not_found' });
});

t.test('a redeeming that fails is over; a receipt that comes after all still counts', async (t) => {
  const { a, b } = await twoSides(t);
  const { linkId, token } = await startAt(a, b, 'customer-a');
  await b.links.redeem({ token, customer: 'customer-b', consent: CONSENT, session: 's' });
  const flight = lastSent(b, 'link.redeem');
  t.equal((await deliver(flight, a, { reply: false })).refusal, undefined);
  b.sent.length = 0;
  await settle(b, flight?.draft as never, { state: 'failed', reason: 'exchange.unconfirmed' });
  t.same(await b.links.redemption(linkId, 's'), { status: 'refused', reason: 'exchange.unconfirmed' });
  t.equal(b.sent.length, 0);
  await settle(b, flight?.draft as never, { state: 'accepted' });
  await drain(a, b);
  t.equal(await stateAt(a, linkId), 'revoked', 'the initiator learns that nothing will follow');
});

t.test('one link for an account and a peer', async (t) => {
  const { a, b } = await twoSides(t);
  const early = await startAt(a, b, 'customer-a');
  const linkId = await linkUp(a, b, { at: 'customer-a', there: 'customer-b' });
  await t.rejects(startAt(a, b, 'customer-a'), { code: 'link.exists' });
  await t.rejects(startAt(b, a, 'customer-b'), { code: 'link.exists' });
  const { token } = await startAt(a, b, 'another-a');
  await t.rejects(b.links.redeem({ token, customer: 'customer-b', consent: CONSENT, session: 's' }), {
    code: 'link.exists',
  });
  await b.links.redeem({ token: early.token, customer: 'another-b', consent: CONSENT, session: 's' });
  t.equal((await deliver(lastSent(b, 'link.redeem'), a)).refusal, 'link.exists');

  const halfway = [await startAt(a, b, 'third-a'), await startAt(a, b, 'third-a')] as const;
  const codes: string[] = [];
  for (const [at, { token }] of halfway.entries()) codes.push(await redeemAt(b, a, token, `third-b-${at}`));
  const completing = { customer: 'third-a', session: 'session-1' };
  await a.links.complete({ ...completing, linkId: halfway[1].linkId, code: codes[1] as string });
  await t.rejects(a.links.complete({ ...completing, linkId: halfway[0].linkId, code: codes[0] as string }), {
    code: 'link.exists',
  });

  await a.links.change(linkId, { kind: 'revoke' });
  await drain(a, b);
  const second = await linkUp(a, b, { at: 'customer-a', there: 'customer-b' });
  await drain(a, b);
  t.equal(await stateAt(a, second), 'active');
  t.equal(await stateAt(b, linkId), 'revoked', 'what could come back gave way');
  await t.rejects(a.links.change(linkId, { kind: 'restore' }), { code: 'link.revoked' });
});

t.test('both at once: the lower id survives, on both sides', async (t) => {
  const { a, b } = await twoSides(t);
  for (const first of [a, b]) {
    const second = first === a ? b : a;
    const customer = { [A]: `a-${first.entityId}`, [B]: `b-${first.entityId}` };
    const one = await startAt(first, second, customer[first.entityId] as string);
    const two = await startAt(second, first, customer[second.entityId] as string);
    const codeOne = await redeemAt(second, first, one.token, customer[second.entityId] as string);
    const codeTwo = await redeemAt(first, second, two.token, customer[first.entityId] as string);
    first.sent.length = 0;
    second.sent.length = 0;
    const who = { session: 'session-1' };
    await first.links.complete({
      ...who,
      linkId: one.linkId,
      customer: customer[first.entityId] as string,
      code: codeOne,
    });
    await second.links.complete({
      ...who,
      linkId: two.linkId,
      customer: customer[second.entityId] as string,
      code: codeTwo,
    });
    await drain(a, b, (count) => count - 1);
    for (const side of [a, b]) {
      t.equal(await stateAt(side, one.linkId), 'active', `lower at ${side.entityId}`);
      t.equal(await stateAt(side, two.linkId), 'revoked', `higher at ${side.entityId}`);
    }
  }
});

t.test('pause, resume, narrow, widen, from either side', async (t) => {
  const { a, b } = await twoSides(t);
  const linkId = await linkUp(a, b);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    await one.links.change(linkId, { kind: 'pause' });
    t.equal(await stateAt(one, linkId), 'paused', 'at once here');
    await one.links.change(linkId, { kind: 'pause' });
    await drain(a, b);
    t.equal(await stateAt(other, linkId), 'paused');
    t.same(other.hastened.at(-1), [linkId], 'the outbox looks at it again');
    await other.links.change(linkId, { kind: 'resume' });
    t.equal(await stateAt(other, linkId), 'paused', 'the most restrictive holds');
    await one.links.change(linkId, { kind: 'resume' });
    await drain(a, b);
    t.equal(await stateAt(other, linkId), 'active');
  }
  const narrow = { [A]: { documents: ['other'] } };
  await b.links.change(linkId, { kind: 'scopes', scopes: narrow });
  await drain(a, b);
  for (const side of [a, b]) {
    t.same((await side.links.show(linkId)).scopes[A]?.documents, ['other']);
    t.equal((await side.links.show(linkId)).scopes[B], undefined, 'a missing key grants nothing');
  }
  await t.rejects(b.links.change(linkId, { kind: 'scopes', scopes: SCOPES }), { code: 'link.consent' });
  await t.rejects(b.links.change(linkId, { kind: 'scopes', scopes: { 'https://c.example': {} } }), {
    code: 'link.scopes',
  });
  const wide = { ...SCOPES, [B]: { documents: ['payroll.payslip', 'tax.notice'] } };
  await b.links.change(linkId, { kind: 'scopes', scopes: wide, consent: CONSENT });
  await drain(a, b);
  t.same((await a.links.show(linkId)).scopes[B]?.documents, ['payroll.payslip'], 'widening needs both');
  await a.links.change(linkId, { kind: 'scopes', scopes: wide, consent: CONSENT });
  await drain(a, b);
  t.same((await b.links.show(linkId)).scopes[B]?.documents, ['payroll.payslip', 'tax.notice']);
});

t.test('revoking holds at once and comes back within the grace, as it was', async (t) => {
  const { a, b } = await twoSides(t);
  const linkId = await linkUp(a, b);
  await b.links.change(linkId, { kind: 'pause' });
  const revoked = await b.links.change(linkId, { kind: 'revoke' });
  t.equal(revoked.state, 'restorable');
  t.equal((await b.gate.read([linkId])).get(linkId)?.state, 'restorable');
  await t.rejects(b.links.change(linkId, { kind: 'resume' }), { code: 'link.restorable' });
  await drain(a, b);
  t.equal(await stateAt(a, linkId), 'restorable');
  t.equal((await b.links.change(linkId, { kind: 'restore' })).state, 'paused', 'paused it was');
  await b.links.change(linkId, { kind: 'resume' });
  await drain(a, b);
  t.equal(await stateAt(a, linkId), 'active');

  await a.links.change(linkId, { kind: 'revoke' });
  await drain(a, b);
  for (const side of [a, b]) {
    await side.age(`update link_halves set restorable_until = now() where state = 'revoked'`);
    t.equal(await stateAt(side, linkId), 'revoked');
  }
  await t.rejects(a.links.change(linkId, { kind: 'restore' }), { code: 'link.revoked' });
  await b.links.sweeper.sweep();
  t.equal((await b.links.show(linkId)).self?.state, 'active', 'a restoring may still be on its way');
  await b.age(`update link_halves set restorable_until = now() - interval '8 days' where state = 'revoked'`);
  await b.links.sweeper.sweep();
  t.equal((await b.links.show(linkId)).self?.state, 'revoked', 'what one side ended the other ends too');
  await t.rejects(b.links.change(linkId, { kind: 'restore' }), { code: 'link.revoked' });
});

t.test('withdrawing an attempt', async (t) => {
  const { a, b } = await twoSides(t);
  const open = await startAt(a, b, 'customer-a');
  t.equal((await a.links.change(open.linkId, { kind: 'revoke' })).state, 'ended');
  await b.links.redeem({ token: open.token, customer: 'customer-b', consent: CONSENT, session: 's' });
  t.equal((await deliver(lastSent(b, 'link.redeem'), a)).refusal, 'link.token_consumed');
  const redeemed = await startAt(a, b, 'customer-a');
  await redeemAt(b, a, redeemed.token, 'customer-b');
  await t.rejects(a.links.change(redeemed.linkId, { kind: 'pause' }), { code: 'link.pending' });
  await b.links.change(redeemed.linkId, { kind: 'revoke' });
  await a.links.change(redeemed.linkId, { kind: 'revoke' });
  await drain(a, b);
  for (const side of [a, b]) t.equal(await stateAt(side, redeemed.linkId), 'revoked');
});

t.test('a half is told again until the peer has it', async (t) => {
  const { a, b } = await twoSides(t);
  const linkId = await linkUp(a, b);
  a.sent.length = 0;
  await a.links.change(linkId, { kind: 'pause' });
  await a.settled();
  const lost = a.sent.shift();
  await settle(a, lost?.draft as never, { state: 'failed', reason: 'exchange.expired' });
  t.equal(a.sent.length, 0, 'not at once');
  await a.links.sweeper.sweep();
  t.equal(a.sent.length, 0);
  await a.age(`update link_halves set announce_at = now() where announce_at is not null`);
  await a.links.sweeper.sweep();
  const again = a.sent.shift();
  t.not(again?.draft.jti, lost?.draft.jti, 'under a new id');
  t.equal((await a.links.show(linkId)).self?.acknowledged, false);
  await settle(a, again?.draft as never, { state: 'failed', reason: 'exchange.unconfirmed' });
  await settle(a, again?.draft as never, { state: 'accepted' });
  await a.age(`update link_halves set announce_at = now() where announce_at is not null`);
  await a.links.sweeper.sweep();
  t.equal(a.sent.length, 0, 'a late receipt ends it');
  t.equal((await a.links.show(linkId)).self?.acknowledged, true);

  await a.links.change(linkId, { kind: 'resume' });
  await a.settled();
  const older = a.sent.shift();
  await a.links.change(linkId, { kind: 'revoke' });
  await a.settled();
  const newer = a.sent.shift();
  await deliver(newer, b);
  t.equal((await deliver(older, b)).refusal, undefined, 'a stale revision is acknowledged');
  t.equal(await stateAt(b, linkId), 'restorable', 'and ignored');

  a.peerState = 'revoked';
  await a.links.change(linkId, { kind: 'restore' });
  await a.settled();
  t.equal(a.sent.length, 0, 'a revoked peer is told nothing');
  a.peerState = 'suspended';
  await a.age(`update link_halves set announce_at = now() where announce_at is not null`);
  await a.links.sweeper.sweep();
  t.equal(a.sent.length, 1, 'a suspended one is');
});

t.test('link.half from whom it does not concern', async (t) => {
  const { a, b } = await twoSides(t);
  const linkId = await linkUp(a, b);
  await a.links.change(linkId, { kind: 'revoke' });
  await a.settled();
  const flight = lastSent(a, 'link.half');
  const stranger = 'https://c.example' as never;
  t.equal((await deliver(flight, b, { from: stranger, reply: false })).refusal, 'link.unknown');
  const unknown = { ...flight, draft: { ...flight?.draft, sub: uuidV7() } } as NonNullable<typeof flight>;
  t.equal((await deliver(unknown, b, { reply: false })).refusal, 'link.unknown');
  const { sub: _sub, ...without } = flight?.draft ?? {};
  t.equal(
    (await deliver({ ...flight, draft: without } as NonNullable<typeof flight>, b, { reply: false })).refusal,
    'link.missing',
  );
  t.equal(b.handler('link.half').passesSuspension, true);
  t.equal(b.handler('link.redeem').passesSuspension, undefined);
});

t.test('erasing leaves a tombstone', async (t) => {
  const { a, b } = await twoSides(t);
  const linkId = await linkUp(a, b);
  await t.rejects(a.links.erase(linkId, 'not a code'), { code: 'link.input' });
  await a.links.erase(linkId, 'erasure.request');
  await a.links.erase(linkId, 'erasure.request');
  const erased = await a.links.show(linkId);
  t.equal(erased.state, 'erased');
  t.equal(erased.customer, null);
  t.equal(erased.self?.consent, null);
  t.equal(erased.other?.consent, null);
  await drain(a, b);
  t.equal(await stateAt(b, linkId), 'revoked', 'the peer learns that it is over, not why');
  await b.links.change(linkId, { kind: 'pause' });
  await b.settled();
  t.equal((await deliver(lastSent(b, 'link.half'), a)).refusal, 'link.erased');
  await b.age(`update link_halves set announce_at = now() where announce_at is not null`);
  b.sent.length = 0;
  await b.links.sweeper.sweep();
  t.equal(b.sent.length, 0, 'and is not told again and again');
  await t.rejects(a.links.change(linkId, { kind: 'resume' }), { code: 'link.erased' });
  await linkUp(a, b);
});

t.test('lists and the journal', async (t) => {
  const { a, b } = await twoSides(t);
  const ids: string[] = [];
  for (const n of [1, 2, 3]) ids.push(await linkUp(a, b, { at: `a-${n}`, there: `b-${n}` }));
  const first = await a.links.list({ limit: 2 });
  t.same(
    first.links.map((link) => link.linkId),
    [ids[2], ids[1]],
  );
  const rest = await a.links.list({ limit: 2, after: first.next as string });
  t.same(
    rest.links.map((link) => link.linkId),
    [ids[0]],
  );
  t.equal(rest.next, undefined);
  t.equal((await a.links.list({ customer: 'a-2' })).links[0]?.linkId, ids[1]);
  t.equal((await a.links.list({ peer: 'https://c.example' })).links.length, 0);
  await t.rejects(a.links.list({ after: 'x' }), { code: 'link.not_found' });
  const journal = await a.links.journal(ids[0] as string);
  t.same(
    journal.map((entry) => entry.event),
    ['started', 'redeemed', 'completed', 'changed', 'acknowledged'],
  );
  t.equal((await a.links.journal(ids[0] as string, { after: journal[1]?.id ?? 0, limit: 1 })).length, 1);
});

t.test('what is not acceptable is refused with the field', async (t) => {
  const { a, b } = await twoSides(t);
  const good = {
    customer: 'c',
    peer: b.entityId,
    scopes: SCOPES,
    holder: 'M. D••••',
    returnUrl: 'https://bank.example/return',
    consent: CONSENT,
    session: 's',
  };
  const cases: [Partial<typeof good>, object][] = [
    [{ customer: '' }, { code: 'link.input', details: { pointer: '/customer' } }],
    [{ customer: 'x'.repeat(201) }, { code: 'link.input' }],
    [{ customer: 'a\u0000b' }, { code: 'link.input' }],
    [{ session: 'x'.repeat(513) }, { code: 'link.input', details: { pointer: '/session' } }],
    [{ holder: 'x'.repeat(81) }, { code: 'link.input', details: { pointer: '/holder' } }],
    [{ returnUrl: 'http://bank.example/' }, { code: 'link.input', details: { pointer: '/returnUrl' } }],
    [{ returnUrl: 'https://bank.example/#x' }, { code: 'link.input', details: { pointer: '/returnUrl' } }],
    [{ returnUrl: 'javascript:alert(1)' }, { code: 'link.input' }],
    [{ consent: { ...CONSENT, jurisdiction: 'France' } }, { details: { pointer: '/consent/jurisdiction' } }],
    [{ consent: { ...CONSENT, purposes: [] } }, { details: { pointer: '/consent/purposes' } }],
    [{ scopes: {} }, { code: 'link.input', details: { pointer: '/scopes' } }],
    [{ scopes: { [A]: { documents: ['x'.repeat(99)] } } }, { code: 'link.input' }],
    [{ peer: 'https://c.example' as never }, { code: 'link.peer' }],
  ];
  for (const [change, expected] of cases) {
    const name = JSON.stringify(change).slice(0, 60);
    await t.rejects(a.links.start({ ...good, ...change } as typeof good), expected as { code: string }, name);
  }
  const many = Array.from(
    { length: 100 },
    (_, n) => `${'y'.repeat(28)}.${'z'.repeat(26)}${'abcdefghij'[n % 10]}${'abcdefghij'[Math.floor(n / 10)]}`,
  );
  await t.rejects(a.links.start({ ...good, scopes: { [A]: { documents: many } } } as typeof good), {
    code: 'link.scopes',
  });
});
