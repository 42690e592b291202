import type { VerifySignature } from '../protocol/jose/signature.ts';
import { parseStrictJson } from '../protocol/jose/strict-json.ts';
import { parseReceipt, RECEIPT_MEDIA_TYPE, type ReceiptClaims, verifyReceipt } from '../protocol/receipt.ts';
import type { Registry } from '../registry/index.ts';

/** A peer's HTTP answer, its body already bounded and read. */
export type PeerAnswer = {
  status: number;
  contentType: string | undefined;
  retryAfter: string | undefined;
  body: Buffer;
};

/** What a peer's answer means. */
export type Reading =
  | { kind: 'receipt'; jws: string; claims: ReceiptClaims }
  | { kind: 'problem'; code: string; retryable: boolean; status: number; retryAfterMs: number | undefined }
  /** Nothing that could be believed: neither a receipt of this exchange nor a problem. */
  | { kind: 'garbage'; code: string; status: number; retryAfterMs: number | undefined };

/** Most bytes read of an answer. */
export const ANSWER_MAX_BYTES = 16 * 1024;
const RETRY_AFTER_MAX_S = 86_400;
/** No refusal for good has one of these: the path is gone, as of a peer that left this version of the API, for a while perhaps. */
const NO_SUCH_PATH: ReadonlySet<number> = new Set([404, 405, 410]);

export type ExpectedAnswer = { peer: string; self: string; jti: string; envelopeSha256: string };

/** What reading an answer needs. */
type Deps = { registry: Registry; verify: VerifySignature };

export async function readAnswer(deps: Deps, answer: PeerAnswer, expected: ExpectedAnswer): Promise<Reading> {
  const retryAfterMs = parseRetryAfter(answer.retryAfter);
  const { status } = answer;
  const garbage = (code: string): Reading => ({ kind: 'garbage', code, status, retryAfterMs });
  if (status === 200 || status === 201 || status === 422) {
    if (answer.contentType === RECEIPT_MEDIA_TYPE) {
      const reading = await readReceipt(deps, answer.body.toString('latin1'), expected);
      return typeof reading === 'string' ? garbage(reading) : reading;
    }
    if (status !== 422) return garbage('answer.not_a_receipt');
  }
  if (answer.contentType !== 'application/problem+json') return garbage('answer.not_a_problem');
  const parsed = parseStrictJson(answer.body, { maxDepth: 8, maxKeys: 64 });
  if (
    !parsed.ok ||
    parsed.value === null ||
    typeof parsed.value !== 'object' ||
    Array.isArray(parsed.value)
  ) {
    return garbage('answer.not_a_problem');
  }
  const { code, retryable } = parsed.value;
  if (typeof code !== 'string' || !/^[a-z_]+\.[a-z_]+$/.test(code) || code.length > 60) {
    return garbage('answer.not_a_problem');
  }
  if (retryable === false && NO_SUCH_PATH.has(status)) return garbage('answer.no_such_path');
  // A server error is never final, whatever it says of itself.
  return { kind: 'problem', code, retryable: retryable !== false || status >= 500, status, retryAfterMs };
}

async function readReceipt(
  { registry, verify }: Deps,
  token: string,
  expected: ExpectedAnswer,
): Promise<Reading | string> {
  const parsed = parseReceipt(token);
  if (!parsed.ok) return parsed.reason;
  const { kid } = parsed.jws.header;
  let known = registry.findKey(expected.peer, kid);
  if (known === undefined && (await registry.refetchUnknownKey(expected.peer, kid))) {
    known = registry.findKey(expected.peer, kid);
  }
  if (known === undefined) return 'receipt.key_unknown';
  if (known.status === 'revoked') return 'receipt.key_revoked';
  const claimed = {
    iss: expected.peer,
    aud: expected.self,
    jti: expected.jti,
    envelopeSha256: expected.envelopeSha256,
  };
  const verified = await verifyReceipt(parsed.jws, known.key, claimed, verify);
  return verified.ok ? { kind: 'receipt', jws: token, claims: verified.claims } : verified.reason;
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3); only seconds are obeyed, at most a day. */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined || !/^[0-9]{1,6}$/.test(value)) return undefined;
  return Math.min(Number(value), RETRY_AFTER_MAX_S) * 1000;
}
