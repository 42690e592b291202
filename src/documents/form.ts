import type { Readable } from 'node:stream';
import { keepPace, type PaceLimits, withinSilence } from '../pace.ts';
import { parseStrictJson } from '../protocol/jose/strict-json.ts';
import { Refusal } from '../protocol/refusal.ts';

/** One part of a multipart form, as it streams in. */
export type FormPart = {
  fieldname: string;
  filename: string | undefined;
  mimetype: string;
  file: Readable;
};

/** A form's parts in the order they come. A cut or broken form throws. */
export type FormParts = AsyncIterator<FormPart>;

export const METADATA_MAX_BYTES = 64 * 1024;

/** A body that comes too slowly, whichever way it is sent. */
export const tooSlow = (): Refusal => new Refusal('request.timeout');

/** The part "metadata", which comes first so that a bad one is refused before the file is sent. */
export async function takeMetadata(parts: FormParts, pace: PaceLimits): Promise<unknown> {
  const part = await withinSilence(nextPart(parts), pace, tooSlow);
  if (part?.fieldname !== 'metadata') throw new Refusal('upload.order');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of keepPace(readPart(part), pace, tooSlow)) {
    size += chunk.length;
    if (size > METADATA_MAX_BYTES) throw new Refusal('upload.metadata_too_large');
    chunks.push(chunk);
  }
  const parsed = parseStrictJson(Buffer.concat(chunks, size));
  if (!parsed.ok) throw new Refusal('upload.metadata', { reason: parsed.reason });
  return parsed.value;
}

export async function takeFile(
  parts: FormParts,
  pace: PaceLimits,
): Promise<{ name: string | undefined; contentType: string | undefined; chunks: AsyncGenerator<Buffer> }> {
  const part = await withinSilence(nextPart(parts), pace, tooSlow);
  if (part?.fieldname !== 'file') throw new Refusal('upload.order');
  return {
    name: part.filename,
    contentType: part.mimetype,
    chunks: keepPace(fileChunks(part, parts), pace, tooSlow),
  };
}

/** The file ends well only where the form does: a cut one must not pass for a shorter file. */
async function* fileChunks(part: FormPart, parts: FormParts): AsyncGenerator<Buffer> {
  yield* readPart(part);
  if ((await nextPart(parts)) !== undefined) throw new Refusal('upload.order');
}

async function* readPart(part: FormPart): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of part.file) yield chunk as Buffer;
  } catch {
    throw new Refusal('upload.cut');
  }
}

async function nextPart(parts: FormParts): Promise<FormPart | undefined> {
  try {
    const next = await parts.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'FST_PARTS_LIMIT') throw new Refusal('upload.order');
    throw new Refusal('upload.cut');
  }
}
