import { type BenchNode, peerWithLoad, startBenchNode } from './bench-node.ts';
import type { Bench } from './context.ts';
import { eventually } from './eventually.ts';
import { CONNECTIONS } from './receiver.ts';
import type { Result } from './report.ts';

const CONTENT_BYTES = 1024;
const STOCK = 10_000;
const QUICK_STOCK = 3_000;
/** The kill comes once so many were acknowledged, and up to as many more: batches are everywhere on their way then. */
const ACKNOWLEDGED = 500;
const QUICK_ACKNOWLEDGED = 50;
/** The load goes on for so long after the restart. */
const AFTER_MS = 500;
const ROUND_TIMEOUT_S = 120;
/** Bodies opened after each crash; the rows of all are looked at. */
const OPENED = 2_000;
const AGAIN_SECONDS = 60;

/**
 * Kills the node, and every other time its PostgreSQL, in the middle of a stream of pushes, starts it again, and looks for
 * each push that was acknowledged. What was not is sent again, and must then be there once.
 */
export async function benchCrash(bench: Bench): Promise<Result> {
  const { options, load, store, say } = bench;
  const node = await startBenchNode(bench, 'receiver');
  const links = await peerWithLoad(bench, node);
  const shot = { origin: node.url, cursor: 'node', seconds: ROUND_TIMEOUT_S, connections: CONNECTIONS };
  let lost = 0;
  let acknowledged = 0;
  let unanswered = 0;
  for (let round = 0; round < options.rounds; round++) {
    const victim = round % 2 === 0 ? 'node' : 'PostgreSQL';
    const count = options.quick ? QUICK_STOCK : STOCK;
    await load.ask('prepare', { count, contentBytes: CONTENT_BYTES, aud: node.url, links });
    const firing = load.ask('fire', { ...shot, keepIds: true });
    const enough = (options.quick ? QUICK_ACKNOWLEDGED : ACKNOWLEDGED) * (1 + Math.random());
    await eventually(async () => (await load.ask('acknowledged')) >= enough, 2);
    await (victim === 'node' ? node.crash() : store.crash());
    await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
    await load.ask('halt');
    await firing;
    const ids = await load.ask('takeIds');
    const missing = await missingOf(node, ids.acknowledged);
    lost += missing;
    acknowledged += ids.acknowledged.length;
    unanswered += ids.open.length;
    say(
      `  round ${round + 1}: ${victim} killed, ${ids.acknowledged.length} acknowledged, ` +
        `${ids.open.length} unanswered, ${missing} lost`,
    );
    await sendAgain(bench, node, ids.open);
  }
  if (acknowledged === 0 || unanswered === 0) throw new Error('no crash fell into the stream of pushes');
  return {
    // One count over all crashes: the median of the rounds would hide a loss.
    figures: { lost: { median: lost, min: lost, max: lost } },
    details: { crash: { acknowledged, unanswered, kills: options.rounds } },
  };
}

const READY_TRIES = 100;

/** A database that was killed is asked again until it has recovered. */
async function whenReady<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries >= READY_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** How many of these pushes lack anything that an acknowledgement stands for. */
async function missingOf(node: BenchNode, jtis: string[]): Promise<number> {
  const { rows } = await whenReady(() =>
    node.pool.query(
      `select i.jti, b.id as body from unnest($1::uuid[]) k (jti)
     join inbound_exchanges i on i.jti = k.jti and i.outcome = 'accepted'
     join bodies b on b.id = i.body_id and b.state = 'kept'
     join received_documents d on d.jti = i.jti and d.iss = i.iss and d.body_id = b.id
     join evidence_records e on e.exchange_jti = i.jti and e.exchange_iss = i.iss and e.event = 'RelayAcceptance'`,
      [jtis],
    ),
  );
  const bodies = rows.slice(-OPENED).map((row) => row.body as string);
  const bytes = await node.child().ask('readBodies', bodies);
  if (bytes !== bodies.length * CONTENT_BYTES) throw new Error('a stored body is not whole');
  if (new Set(rows.map((row) => row.jti)).size !== rows.length) throw new Error('a push was stored twice');
  return jtis.length - rows.length;
}

/** The same bytes once more for all that had no answer: each is then there once, whether it had arrived before or not. */
async function sendAgain(bench: Bench, node: BenchNode, jtis: string[]): Promise<void> {
  const shot = { origin: node.url, cursor: 'again', seconds: AGAIN_SECONDS, connections: CONNECTIONS };
  const again = await bench.load.ask('again', { ...shot, jtis });
  if (again.acknowledged !== jtis.length) {
    throw new Error(`of ${jtis.length} sent again ${again.acknowledged} were acknowledged`);
  }
  const missing = await missingOf(node, jtis);
  if (missing !== 0) throw new Error(`${missing} pushes sent again are not there`);
}
