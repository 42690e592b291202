/**
 * Every answer of the federation API but acceptance, once. The three kinds follow from what the sender may conclude:
 *
 * - `decided`: the recipient's signed decision (422 with a RelayRejection); the exchange is over.
 * - `terminal`: nothing is stored and trying the same bytes again cannot help; the sender closes the exchange.
 * - `transient`: nothing is stored, the id is not consumed; the same bytes may be accepted later.
 *
 * `erds` is the reason of ETSI EN 319 522 that evidence carries beside our own code, where one fits.
 */
export type RefusalKind = 'decided' | 'terminal' | 'transient';

type Entry = { kind: RefusalKind; status: number; title: string; erds?: ErdsReason };

export type ErdsReason =
  | 'R_ERDS_MessageRejectedForInvalidSignature'
  | 'R_ERDS_PolicyViolation'
  | 'R_ERDS_UnknownRecipient'
  | 'R_ERDS_Unreachable';

const entry =
  (kind: RefusalKind) =>
  (status: number, title: string, erds?: ErdsReason): Entry => ({
    kind,
    status,
    title,
    ...(erds && { erds }),
  });
const terminal = entry('terminal');
const transient = entry('transient');
const decided = (title: string, erds?: ErdsReason) => entry('decided')(422, title, erds);

const SIGNATURE = 'R_ERDS_MessageRejectedForInvalidSignature';
const POLICY = 'R_ERDS_PolicyViolation';
const UNKNOWN = 'R_ERDS_UnknownRecipient';

export const REFUSALS = {
  // Syntax and signature, before anything is known of the sender.
  'envelope.missing': terminal(400, 'The IVX-Envelope header is missing'),
  'envelope.too_large': terminal(400, 'The envelope is over its limit of 4 KiB'),
  'envelope.malformed': terminal(400, 'The envelope is not a compact JWS of this profile'),
  'envelope.type': terminal(400, 'The envelope has another typ than ivx-envelope+jwt'),
  'envelope.invalid': terminal(400, 'The envelope does not follow its schema'),
  'envelope.id_mismatch': terminal(400, 'The id in the path is not the jti of the envelope'),
  'envelope.audience': terminal(400, 'The envelope is addressed to another node', UNKNOWN),
  'signature.algorithm': terminal(401, 'The signature algorithm is not one of this profile', SIGNATURE),
  'signature.invalid': terminal(401, 'The signature does not verify under the key it names', SIGNATURE),
  'key.unknown': transient(401, 'No key of that name is known for this sender', SIGNATURE),
  'key.retired': terminal(401, 'The key no longer signs new envelopes', SIGNATURE),
  'key.revoked': terminal(401, 'The key was revoked', SIGNATURE),
  'peer.unknown': transient(403, 'The sender is not a peer of this node', POLICY),
  'peer.not_active': transient(403, 'The peer is not active yet', POLICY),
  'peer.stale': transient(403, 'The configuration known of the sender has expired', POLICY),
  'peer.suspended': transient(403, 'Exchanges with this peer are suspended', POLICY),
  'peer.revoked': terminal(403, 'The peer was revoked', POLICY),
  'time.from_future': transient(400, 'The time of issue lies in the future: compare the clocks'),
  'time.lifetime': terminal(400, 'The time between iat and exp is over 14 days'),
  'request.token': terminal(401, 'The request token is missing or not valid for this request', SIGNATURE),
  'request.query': terminal(400, 'The query is not valid'),
  'exchange.conflict': terminal(409, 'This id came before with another envelope'),
  'exchange.in_progress': transient(503, 'Another try of this exchange is running'),
  'exchange.unknown': transient(404, 'This node has no such exchange'),

  // Transfer: a broken or forged transfer must never kill a delivery.
  'body.content_type': terminal(415, 'The body must be application/ivx-exchange'),
  'body.length': transient(400, 'The body is shorter or longer than the envelope says'),
  'body.cut': transient(400, 'The connection ended before the body did'),
  'body.timeout': transient(408, 'The body came too slowly'),
  'manifest.digest': transient(400, 'The manifest is not the one that was signed'),
  'content.digest': transient(400, 'The content is not the one that was signed'),

  // Load and maintenance.
  'rate.limited': transient(429, 'Too many requests'),
  'quota.exceeded': transient(507, 'The volume agreed for this month is used up'),
  'overload.memory': transient(503, 'Too many bodies are being received'),
  'database.unavailable': transient(503, 'The database cannot be reached'),
  'database.exhausted': transient(507, 'The database cannot store more'),
  'node.draining': transient(503, 'The node is stopping'),

  // Decisions of the recipient, each with a signed RelayRejection.
  'time.expired': decided('The delivery window of the envelope has passed'),
  'act.unsupported': decided('This node does not take this act'),
  'manifest.too_large': decided('The manifest is over its limit of 256 KiB', POLICY),
  'manifest.invalid': decided('The manifest does not follow the schema of its act'),
  'content.too_large': decided('The content is over the limit of this node', POLICY),
  'content.missing': decided('The act needs a content'),
  'content.unexpected': decided('The act takes no content'),
  'content.empty': decided('The content is empty'),
  'content.type': decided('The content is not of the type the manifest declares'),
  'exchange.closed': decided('The sender closed the exchange before it was decided'),
  'link.missing': decided('The act needs a link'),
  'link.revoked': decided('The link was revoked', POLICY),
  'link.erased': decided('The link was erased', UNKNOWN),
  'link.scope': decided('The link does not cover this', POLICY),
  'link.token': decided('The link token is not one this node gave for this link', POLICY),
  'link.institution': decided('The link token was made for another institution', POLICY),
  'link.token_expired': decided('The link token has expired', POLICY),
  'link.token_consumed': decided('The link token was used before, or withdrawn', POLICY),
  'link.exists': decided('The account has a link with this institution already', POLICY),
  'agreement.missing': decided('The act needs the agreement version it comes under', POLICY),
  'agreement.ended': decided('The agreement version is over, or its agreement was terminated', POLICY),
  'agreement.closed': decided('The proposal was answered, withdrawn or superseded'),
  'agreement.expired': decided('The proposal has expired'),
  'agreement.crossed': decided('Both sides proposed at once, and the other proposal stays'),
  'agreement.outdated': decided('The proposal does not replace the newest version'),
  'agreement.notice': decided('The termination gives less notice than the agreement asks', POLICY),
  'agreement.scope': decided('The agreement does not cover this', POLICY),
  'slot.unknown': decided('The agreement version grants no such slot', POLICY),
  'slot.paused': decided('The host has paused the slot', POLICY),
  'slot.no_human': decided('The slot names nobody whom customers can ask for', POLICY),
  'slot.human_unreachable': decided('Nobody answers whom customers of the slot can ask for', POLICY),
  'message.category': decided('The slot does not take this category', POLICY),
  'message.locale': decided('The message is in no language that the slot shows', POLICY),
  'message.too_long': decided('A title or a body is over the length that the slot takes', POLICY),
  'message.image': decided('The image is not one that the slot takes, or one without words', POLICY),
  'message.link': decided('A link leads elsewhere than the slot allows', POLICY),
  'message.lifetime': decided('The message ends before it begins, has ended, or lasts over 30 days', POLICY),
  'message.edit': decided('An edit keeps the slot and the category of what it replaces', POLICY),
  'message.ended': decided('The message that this is about is over', POLICY),
  'message.capacity': decided('The customer has as many active messages as the slot holds', POLICY),
  'message.cap': decided('A cap of the agreement is reached', POLICY),
  'message.human_overdue': decided(
    'Customers of this host wait too long for a person of the sender: no offers until they have an answer',
    POLICY,
  ),
  'message.not_now': decided('The customer is not to be contacted now', POLICY),
  'message.muted': decided('The customer has muted the sender', POLICY),
  'message.calm_budget': decided('The customer’s calm budget is used up', POLICY),
  'message.quiet_hours': decided('It is quiet hours for the customer', POLICY),
  'reply.unasked': decided('The customer has said nothing in this conversation', POLICY),
  'reply.limit': decided('So much was said already that the other side has not answered', POLICY),
  'ledger.throttled': decided(
    'The host is ahead by more than was agreed: it takes one message an hour',
    POLICY,
  ),
  'ledger.paused': decided('The host is ahead by more than was agreed: it takes no message', POLICY),
  'ledger.suspended': decided(
    'A ledger of the agreement has two histories: messages wait for people',
    POLICY,
  ),
  'ledger.fork': decided('Another entry, or statement, of this number came before'),
  'ledger.mismatch': decided('This is not what the statement says'),

  // The act that creates it may be on its way, or the customer may change their mind.
  'link.unknown': transient(404, 'No such link is known', UNKNOWN),
  'link.pending': transient(409, 'The link is not complete yet'),
  'link.paused': transient(409, 'The customer paused the link'),
  'link.restorable': transient(409, 'The customer left and may still come back'),
  'agreement.unknown': transient(404, 'No such agreement version is known'),
  'agreement.pending': transient(409, 'The version is not agreed yet, as far as this node knows'),
  'agreement.not_effective': transient(409, 'The agreement version does not apply yet'),
  'ledger.gap': transient(409, 'Entries, or a statement, before these have not arrived'),
  'ledger.unknown': transient(404, 'This node has no such entry or statement'),
} as const satisfies Record<string, Entry>;

export type RefusalCode = keyof typeof REFUSALS;

export function isRefusalCode(code: unknown): code is RefusalCode {
  return typeof code === 'string' && Object.hasOwn(REFUSALS, code);
}

/** A service's refusal: `code` is stable and listed once; `details` hold nothing personal. */
export class Refusal<Code extends string = string> extends Error {
  override readonly name = 'Refusal';
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(code: Code, details: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}
