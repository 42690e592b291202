import type { ApiClient } from '../../api-client/index.ts';
import { formatAge, formatDifference } from '../output.ts';
import { type PeerDetails, type PeerSummary, peerPath } from '../peer-shapes.ts';
import { clockFinding, type Finding, failed, ok, skipped, warning } from './finding.ts';

/** A failure shorter than this may be a restart at the other side. */
const FAILING_MS = 15 * 60_000;
const LONG_QUEUE = 10_000;
const MAX_CONCURRENT = 8;

/** Every peer, as the running node sees it. */
export async function checkPeers(api: ApiClient, nowMs: number): Promise<Finding[]> {
  const { peers } = await api.get<{ peers: PeerSummary[] }>('/v1/peers');
  if (peers.length === 0) return [skipped('peers', 'none yet', 'intervault peer add URL --pin …')];
  const findings: Finding[] = [];
  for (let from = 0; from < peers.length; from += MAX_CONCURRENT) {
    const some = peers.slice(from, from + MAX_CONCURRENT);
    const found = await Promise.all(
      some.map(async ({ id }) => checkPeer(await api.get<PeerDetails>(peerPath(id)), nowMs)),
    );
    findings.push(...found);
  }
  return findings;
}

export function checkPeer(peer: PeerDetails, nowMs: number): Finding {
  const check = `peer ${peer.id}`;
  const { configuration, traffic } = peer;
  if (peer.state !== 'active') {
    const why = peer.stateReason === undefined ? '' : `: ${peer.stateReason}`;
    return skipped(check, `${peer.state}${why}`);
  }
  if (configuration.stale) {
    const detail = `its configuration expired (${configuration.problem ?? 'not fetched'}): nothing is exchanged`;
    return failed(check, detail, `intervault peer refresh ${peer.id}; if that fails, call ${contact(peer)}`);
  }
  if (peer.clockDifferenceMs !== undefined) {
    const clock = clockFinding(check, 'its clock', peer.clockDifferenceMs, formatDifference);
    if (clock.status !== 'ok') return clock;
  }
  const waits = `${traffic.queued} waiting`;
  if (peer.outboundFailingSince !== undefined || traffic.breaker !== 'closed') {
    const since = peer.outboundFailingSince;
    const detail = [
      `${peer.outboundProblem ?? 'no usable answer'} since ${formatAge(since, nowMs) ?? 'just now'}`,
      waits,
      `breaker ${traffic.breaker}`,
      traffic.nextProbeAt !== undefined && `asked again ${formatAge(traffic.nextProbeAt, nowMs)}`,
    ]
      .filter((part) => part !== false)
      .join(', ');
    const hint = `nothing is lost; if it lasts, call ${contact(peer)}`;
    const failingMs = since === undefined ? 0 : nowMs - Date.parse(since);
    return failingMs > FAILING_MS ? failed(check, detail, hint) : warning(check, detail, hint);
  }
  if (configuration.problem !== undefined) {
    const detail = `its configuration can't be fetched (${configuration.problem}); it is good until ${formatAge(configuration.expiresAt, nowMs)}`;
    return warning(check, detail, `intervault peer refresh ${peer.id}`);
  }
  if (traffic.queued > LONG_QUEUE) {
    return warning(check, waits, 'it answers, but more slowly than documents come');
  }
  const heard = [peer.lastInboundAt, peer.lastOutboundAt]
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
  const contactText = heard === undefined ? 'no exchange yet' : `last contact ${formatAge(heard, nowMs)}`;
  const clock = peer.clockDifferenceMs;
  return ok(
    check,
    [contactText, waits, clock !== undefined && `clock ${formatDifference(clock)}`]
      .filter((part) => part !== false)
      .join(', '),
  );
}

function contact(peer: PeerDetails): string {
  return peer.contacts[0] ?? peer.organizationName;
}
