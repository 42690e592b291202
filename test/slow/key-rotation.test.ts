import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { sha256 } from '../../src/protocol/digest.ts';
import { parseEnvelope } from '../../src/protocol/envelope.ts';
import type { LinkId } from '../../src/protocol/ids.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { eventually, peerNodes, seedLink, startTestNode, submit, type TestNode } from '../support/node.ts';
import { findViolations } from '../support/pair-invariants.ts';
import { smallFile } from '../support/steady-load.ts';

/** A new key is published for several polls of its peer. */
const PUBLISH_S = 4;
const TIMES = { INTERVAULT_KEY_PUBLISH_S: String(PUBLISH_S), INTERVAULT_PEER_POLL_S: '1' };
const CLIENTS = 2;
/** Documents of each side that stand on the wire while its key changes. */
const HELD = 5;
/** So many more of each side, at least, under each key. */
const SOME = 10;

/** A busy machine changes nothing but the time it takes. */
const soon = (look: () => Promise<boolean>) => eventually(look, 60_000);

type Load = {
  /** SHA-256 of each file by the id that was acknowledged. */
  acknowledged: Map<string, string>;
  /** Resolves once what is being submitted now is queued. */
  settled(): Promise<unknown>;
  /** Resolves once so many more were acknowledged. */
  more(count: number): Promise<unknown>;
  /** Rejects with the first submission that failed. */
  stop(): Promise<void>;
};

function startLoad(from: TestNode, link: LinkId): Load {
  const acknowledged = new Map<string, string>();
  const underWay = new Set<Promise<unknown>>();
  let stopped = false;

  async function submitOne(): Promise<void> {
    const content = smallFile();
    const { id } = await submit(from, link, content);
    acknowledged.set(id, sha256(content));
  }

  const loops = Array.from({ length: CLIENTS }, async () => {
    while (!stopped) {
      const one = submitOne();
      underWay.add(one);
      await one.finally(() => underWay.delete(one));
      await sleep(50);
    }
  });
  // Told when the load is stopped.
  for (const loop of loops) loop.catch(() => {});

  return {
    acknowledged,
    settled: () => Promise.allSettled(underWay),
    more(count) {
      const wanted = acknowledged.size + count;
      return soon(async () => acknowledged.size >= wanted);
    },
    async stop() {
      stopped = true;
      await Promise.all(loops);
    },
  };
}

/** Keeps some exchanges signed with this key on the wire until they are let go. */
function holdSome(hop: Hop, kid: string): { let(): void; readonly held: number } {
  const held: (() => void)[] = [];
  let open = false;
  hop.onPut = (incoming, _outgoing, forward) => {
    if (open || held.length === HELD || kidOf(String(incoming.headers['ivx-envelope'])) !== kid) forward();
    else held.push(forward);
  };
  return {
    let() {
      open = true;
      for (const forward of held) forward();
    },
    get held() {
      return held.length;
    },
  };
}

function kidOf(envelope: string): string {
  const parsed = parseEnvelope(envelope);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.jws.header.kid;
}

async function rows(
  node: TestNode,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  return (await node.db.withClient((client) => client.query(text, values))).rows;
}

/** What this node's counters say of all tries to deliver, and of all exchanges that came in, by result and code. */
async function outcomes(node: TestNode): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${node.management.port}/metrics`)).text();
  const line = /^intervault_(delivery_tries|exchanges_received)_total\{(.*)\} (\d+)$/gm;
  return new Map(
    [...text.matchAll(line)].map(([, name, labels, count]) => [`${name} ${labels}`, Number(count)]),
  );
}

const grown = (before: Map<string, number>, after: Map<string, number>) =>
  Object.fromEntries(
    [...after]
      .map(([name, count]) => [name, count - (before.get(name) ?? 0)])
      .filter(([, more]) => more !== 0),
  );

const queueIsEmpty = (node: TestNode) =>
  soon(async () => (await rows(node, 'select 1 from deliveries')).length === 0);

const party = (node: TestNode) => ({
  entityId: node.url,
  dataDir: node.env['INTERVAULT_DATA_DIR'] as string,
  connection: () => ({ connectionString: node.env['DATABASE_URL'] as string }),
});

/** Both databases go by one clock: they are of one server. */
async function ownTimes(node: TestNode, kid: string): Promise<{ published: Date; activated: Date }> {
  const [own] = await rows(node, 'select published_at, activated_at from own_keys where kid = $1', [kid]);
  return { published: own?.['published_at'] as Date, activated: own?.['activated_at'] as Date };
}

/** When a peer of the key's owner last read of it in a new configuration. */
async function lastSeen(peer: TestNode, kid: string): Promise<Date | undefined> {
  const [seen] = await rows(peer, 'select last_seen_at from peer_keys where kid = $1', [kid]);
  return seen?.['last_seen_at'] as Date | undefined;
}

type Side = {
  node: TestNode;
  peer: TestNode;
  load: Load;
  before: Map<string, number>;
  old: string;
  fresh: string;
};

/**
 * Publishes the next exchange key and waits until it signs and the peer has looked again since.
 * Some exchanges under the old key are still on the wire then.
 */
async function changeKey(t: Test, side: Side, hopOfPeer: Hop): Promise<{ let(): void }> {
  const { node, peer, load, old } = side;
  await load.more(SOME);
  const wire = holdSome(hopOfPeer, old);
  side.fresh = (await node.registry.ownKeys.rotate('exchange')).kid;
  await soon(async () => node.registry.self.signer().kid === side.fresh);
  await load.settled();
  await load.more(SOME);
  const { activated } = await ownTimes(node, side.fresh);
  await soon(async () => ((await lastSeen(peer, side.fresh)) ?? 0) > activated);
  t.equal(wire.held, HELD);
  return wire;
}

/** Ends the old key once nothing under it is on its way, and waits until the peer has seen it go. */
async function retireOld(t: Test, { node, peer, load, old }: Side): Promise<void> {
  await soon(async () => {
    const pending = await rows(node, `select envelope from outbound_exchanges where state = 'pending'`);
    return pending.every(({ envelope }) => kidOf(envelope as string) !== old);
  });
  t.match(await node.registry.ownKeys.retire(old), { kid: old, state: 'historical' });
  await soon(async () => peer.registry.findKey(node.url, old)?.status === 'withdrawn');
  await load.more(SOME);
}

async function check(t: Test, { node, peer, load, before, old, fresh }: Side): Promise<void> {
  const { acknowledged } = load;
  // One decision each, byte for byte, and no failure or rejection in any document's chain of evidence.
  t.strictSame(await findViolations(party(node), party(peer), acknowledged), []);
  const documents = await rows(node, 'select state, count(*)::int from sent_documents group by state');
  t.strictSame(documents, [{ state: 'accepted', count: acknowledged.size }]);
  t.strictSame(
    grown(before, await outcomes(node)),
    {
      'delivery_tries result="settled",code=""': acknowledged.size,
      'exchanges_received outcome="accepted",code=""': (await rows(node, 'select 1 from received_documents'))
        .length,
    },
    'each was tried once, and nothing that came in was refused',
  );

  const sent = await rows(node, 'select jti, envelope from outbound_exchanges where act = $1', [
    'document.push',
  ]);
  const byKid = Map.groupBy(sent, ({ envelope }) => kidOf(envelope as string));
  t.strictSame(new Set(byKid.keys()), new Set([old, fresh]));
  for (const kid of [old, fresh])
    t.ok((byKid.get(kid)?.length ?? 0) >= SOME, `${byKid.get(kid)?.length} under a key`);

  const { published, activated } = await ownTimes(node, fresh);
  t.ok(
    activated.getTime() - published.getTime() >= PUBLISH_S * 1000,
    'it signed once it was published for long enough',
  );
  const late = await rows(peer, 'select 1 from inbound_exchanges where jti = any($1) and decided_at > $2', [
    byKid.get(old)?.map(({ jti }) => jti),
    activated,
  ]);
  t.ok(
    late.length >= HELD,
    `${late.length} under the old key were decided after the new one had begun to sign`,
  );
}

t.test(
  'both sides change their exchange keys while documents go both ways: not one exchange fails',
  async (t) => {
    const [hopA, hopB] = [await startHop(t), await startHop(t)];
    const a = await startTestNode(t, { env: TIMES, hop: hopA });
    const b = await startTestNode(t, { env: TIMES, hop: hopB });
    await peerNodes(a, b);
    const link = await seedLink(a, b);
    await Promise.all([a, b].map(queueIsEmpty));
    const sideOf = async (node: TestNode, peer: TestNode): Promise<Side> => ({
      node,
      peer,
      before: await outcomes(node),
      old: node.registry.self.signer().kid,
      fresh: '',
      load: startLoad(node, link),
    });
    const sides = [await sideOf(a, b), await sideOf(b, a)] as const;

    const wires = await Promise.all([changeKey(t, sides[0], hopB), changeKey(t, sides[1], hopA)]);
    for (const wire of wires) wire.let();
    await Promise.all(sides.map((side) => retireOld(t, side)));

    await Promise.all(sides.map(({ load }) => load.stop()));
    await Promise.all([a, b].map(queueIsEmpty));
    for (const side of sides) await check(t, side);
  },
);
