import type { AgreementDetails as Details, AgreementSummary as Summary } from '../agreements/index.ts';
import type { ApiClient } from '../api-client/index.ts';
import { CliError, EXIT } from './context.ts';

type Json<T> = T extends Date ? string : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;

/** What the institution API answers about agreements, as JSON. */
export type AgreementSummary = Json<Summary>;
export type AgreementDetails = Json<Details>;

export function agreementPath(id: string, action = ''): string {
  return `/v1/agreements/${encodeURIComponent(id)}${action}`;
}

const PAGE = '200';

/** All versions, the newest first, page after page. */
export async function readAgreements(
  api: ApiClient,
  filter: { peer?: string; state?: string } = {},
): Promise<AgreementSummary[]> {
  const found: AgreementSummary[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: PAGE, ...filter, ...(cursor !== null && { cursor }) });
    const page: { agreements: AgreementSummary[]; next: string | null } = await api.get(
      `/v1/agreements?${query}`,
    );
    found.push(...page.agreements);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

const ID_LENGTH = 43;
/** What {@link findAgreementId} calls. */
export const FIND_OPERATION = 'listAgreements';

/** The id of a version: whole, or as much of its beginning as no other one has. */
export async function findAgreementId(api: ApiClient, given: string): Promise<string> {
  if (!/^[A-Za-z0-9_-]{6,43}$/.test(given)) {
    throw new CliError('usage.agreement', `${given} is not the id of an agreement`, {
      hint: 'its 43 characters, or at least the first 6: `intervault agreement list` shows them',
      exitCode: EXIT.usage,
    });
  }
  if (given.length === ID_LENGTH) return given;
  const ids = (await readAgreements(api)).map(({ id }) => id).filter((id) => id.startsWith(given));
  const [id] = ids;
  if (id === undefined) {
    throw new CliError('agreement.not_found', `no agreement version begins with ${given}`, {
      hint: '`intervault agreement list` shows them all',
    });
  }
  if (ids.length > 1) {
    throw new CliError(
      'usage.agreement',
      `${given} is the beginning of ${ids.length} versions: ${ids.join(', ')}`,
      { hint: 'give more of it', exitCode: EXIT.usage },
    );
  }
  return id;
}

/** The version that an amendment has to replace: agreed, and neither replaced nor terminated. */
export async function findNewest(api: ApiClient, peer: string): Promise<string> {
  const agreed = await readAgreements(api, { peer, state: 'agreed' });
  const newest = agreed.find(({ appliesUntil }) => appliesUntil === undefined);
  if (newest !== undefined) return newest.id;
  throw new CliError('agreement.none', `there is no agreement with ${peer} to amend`, {
    hint: 'without --amend it is the proposal of a new one; one that somebody has terminated is not amended',
  });
}
