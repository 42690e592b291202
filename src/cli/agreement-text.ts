import type { AgreementDetails, AgreementSummary } from './agreement-shapes.ts';
import { inReadingOrder } from './agreement-terms.ts';
import { termsText } from './agreement-terms-text.ts';
import type { CliContext } from './context.ts';
import { formatAge, formatTime, formatTimeAndAge, printable, renderFields, renderTable } from './output.ts';

/** Of an agreed version where it stands, of any other what became of the proposal. */
export function stateText({ state, standing, reason }: AgreementSummary): string {
  return reason === undefined ? (standing ?? state) : `${state} (${reason})`;
}

/** What happens next, and who is to do something for it. */
export function nextText(version: AgreementSummary, nowMs: number): string | undefined {
  const away = (iso: string | undefined) => formatAge(iso, nowMs) ?? '';
  switch (version.standing ?? version.state) {
    case 'open':
      return version.proposer === 'peer'
        ? `awaits your answer, expires ${away(version.expiresAt)}`
        : `awaits the peer, expires ${away(version.expiresAt)}`;
    case 'accepting':
      return "awaits the peer's receipt";
    case 'upcoming':
      return `begins ${away(version.appliesFrom)}`;
    case 'current':
      if (version.appliesUntil === undefined) return undefined;
      return `${version.appliesUntil === version.endsAt ? 'ends' : 'is replaced'} ${away(version.appliesUntil)}`;
    case 'draining':
      return `over for good ${away(version.drainsUntil)}`;
    default:
      return undefined;
  }
}

const day = (iso: string) => iso.slice(0, 10);

function appliesText({ appliesFrom, appliesUntil }: AgreementSummary): string {
  if (appliesFrom === undefined) return '';
  return appliesUntil === undefined
    ? `from ${day(appliesFrom)}`
    : `${day(appliesFrom)} to ${day(appliesUntil)}`;
}

export function agreementTable(versions: readonly AgreementSummary[], nowMs: number): string {
  return renderTable(
    ['AGREEMENT', 'WITH', 'BY', 'STATE', 'APPLIES', 'NEXT'],
    versions.map((version) => [
      version.id,
      version.peer.organizationName,
      version.proposer === 'self' ? 'here' : 'there',
      stateText(version),
      appliesText(version),
      nextText(version, nowMs) ?? '',
    ]),
  );
}

/** A version without its terms. */
export function summaryText(version: AgreementSummary, nowMs: number): string {
  const { peer, agreement, id } = version;
  const next = nextText(version, nowMs);
  const time = (iso: string | undefined) => formatTimeAndAge(iso, nowMs);
  return renderFields([
    ['agreement', id],
    ['state', `${stateText(version)}${next === undefined ? '' : `; ${next}`}`],
    ['with', `${peer.organizationName} (${peer.id})`],
    ['proposed', `${version.proposer === 'self' ? 'here' : 'there'}, ${time(version.proposedAt)}`],
    ['note', version.note],
    ['answer', version.answerNote],
    ['first version', agreement === id || agreement === version.replaces ? undefined : agreement],
    ['replaces', version.replaces],
    ['counters', version.declines],
    ['expires', version.state === 'open' ? time(version.expiresAt) : undefined],
    ['agreed', time(version.agreedAt)],
    ['applies from', time(version.appliesFrom)],
    ['applies until', time(version.appliesUntil)],
    ['drains until', time(version.drainsUntil)],
    ['agreement ends', version.endsAt === version.appliesUntil ? undefined : time(version.endsAt)],
  ]);
}

/** All of a version, for whoever has to decide on it. */
export function tellAgreement(context: CliContext, version: AgreementDetails): void {
  const nowMs = Date.now();
  context.out(summaryText(version, nowMs));
  context.out('');
  context.out(termsText(inReadingOrder(version.terms), version.peer, nowMs));
  if (version.terminations.length > 0) {
    context.out('\nTermination of the agreement');
    for (const one of version.terminations) context.out(terminationText(version, one));
  }
  context.out('');
  context.out(
    renderTable(
      ['WHEN', 'BY', 'SAID', 'ANSWER', 'EXCHANGE'],
      version.exchanges.map((exchange) => [
        formatTime(exchange.at) ?? '',
        exchange.iss === version.peer.id ? 'there' : 'here',
        exchange.act,
        exchange.reason === undefined ? exchange.state : `${exchange.state} (${exchange.reason})`,
        exchange.jti,
      ]),
    ),
  );
}

function terminationText(
  { peer }: AgreementDetails,
  { by, noticedAt, endsAt, note, acknowledged }: AgreementDetails['terminations'][number],
): string {
  const told = acknowledged === true ? 'the peer has taken note' : 'the peer has not taken note yet';
  const text = [
    `${by === 'self' ? 'here' : `by ${peer.organizationName}`}, ${formatTime(noticedAt)}`,
    `to end ${formatTime(endsAt)}`,
    note !== undefined && `“${note}”`,
    by === 'self' && told,
  ];
  return `  ${printable(text.filter((part) => part !== false).join('; '))}`;
}
