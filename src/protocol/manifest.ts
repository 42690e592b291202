import { type JsonObject, parseStrictJson } from './jose/strict-json.ts';
import type { RefusalCode } from './refusal.ts';
import { findSchemaProblem, hasSchema } from './schemas/validators.ts';

export const EXCHANGE_MEDIA_TYPE = 'application/ivx-exchange';

export type ManifestContent = { sha256: string; size: number; type: string; name: string };

export type Manifest = {
  /** 128 random bits: the manifest's digest stands in evidence and must tell nothing. */
  salt: string;
  body: JsonObject;
  content?: ManifestContent;
};

/** The bytes that are digested, sent and kept. */
export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(JSON.stringify(manifest), 'utf8');
}

/** A manifest that was parsed when it came in or was issued, and whose seal held as it was opened. */
export function decodeManifest(bytes: Buffer): Manifest {
  return JSON.parse(bytes.toString('utf8')) as Manifest;
}

/** Reads a manifest whose digest was checked, and its body by the schema of its act. */
export function parseManifest(
  bytes: Uint8Array,
  act: string,
): { ok: true; manifest: Manifest } | { ok: false; reason: RefusalCode; detail: string } {
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) return { ok: false, reason: 'manifest.invalid', detail: parsed.reason };
  const outer = findSchemaProblem('manifest', parsed.value);
  if (outer !== undefined) return { ok: false, reason: 'manifest.invalid', detail: outer.pointer };
  const manifest = parsed.value as unknown as Manifest;
  if (!hasSchema(act)) return { ok: false, reason: 'act.unsupported', detail: act };
  const inner = findSchemaProblem(act, manifest.body);
  if (inner !== undefined) return { ok: false, reason: 'manifest.invalid', detail: `/body${inner.pointer}` };
  return { ok: true, manifest };
}
