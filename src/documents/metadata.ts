import { isContentType } from '../protocol/content-type.ts';
import type { LinkId } from '../protocol/ids.ts';
import type { JsonObject } from '../protocol/jose/strict-json.ts';
import { Refusal } from '../protocol/refusal.ts';
import { findSchemaProblem } from '../protocol/schemas/validators.ts';
import type { SubmissionMetadata } from './submit.ts';

/** What the API takes beside a file: the fields of document.push, the link, and what the file is. */
export type GivenMetadata = JsonObject & {
  link: string;
  type: string;
  file?: { name?: string; contentType?: string; size?: number; sha256?: string };
};

/** What the transport says of the file; the metadata come first. */
export type FileHeader = { name: string | undefined; contentType: string | undefined };

const LINK = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MAX_NAME = 200;

/**
 * Reads metadata whose shape was checked, together with what the transport says of the file.
 *
 * @throws Refusal `request.invalid` with the pointer of the field, `content.type`
 */
export function readMetadata(
  given: GivenMetadata,
  header: FileHeader,
  submittedBy: string,
): SubmissionMetadata {
  const { link, file, ...fields } = given;
  if (typeof link !== 'string' || !LINK.test(link)) throw invalid('/link', 'is not the id of a link');
  const problem = findSchemaProblem('document.push', fields);
  if (problem !== undefined) throw invalid(problem.pointer, problem.message);
  const contentType = file?.contentType ?? header.contentType;
  if (!isContentType(contentType)) throw new Refusal('content.type', { declared: contentType ?? '' });
  return {
    link: link as LinkId,
    fields: fields as SubmissionMetadata['fields'],
    contentType,
    name: fileName(file?.name ?? header.name),
    submittedBy,
    ...(file?.size !== undefined && { size: file.size }),
    ...(file?.sha256 !== undefined && { sha256: Buffer.from(file.sha256, 'hex').toString('base64url') }),
  };
}

/** The last component of a path, without what the protocol's schema refuses; some clients send whole paths. */
function fileName(given: string | undefined): string {
  const last = given?.split(/[/\\]/).at(-1) ?? '';
  // biome would rather see no control characters in a class, hence the property.
  const clean = last.replaceAll(/\p{Cc}/gu, '').trim();
  return clean === '' ? 'document' : [...clean].slice(0, MAX_NAME).join('');
}

function invalid(pointer: string, message: string): Refusal {
  return new Refusal('request.invalid', { in: 'body', pointer, detail: `${pointer} ${message}` });
}
