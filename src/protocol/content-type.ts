import { decodeText } from './text-check.ts';

export { createTextCheck, type TextCheck } from './text-check.ts';

/** What a manifest may declare (RFC 6838 names, lower case, no parameters; text is always UTF-8). */
export const CONTENT_TYPES = [
  'application/pdf',
  'application/xml',
  'text/xml',
  'image/png',
  'image/jpeg',
  'application/json',
  'text/plain',
] as const;
export type ContentType = (typeof CONTENT_TYPES)[number];

/** What bytes can be told to be; `text/xml` is another name of one of them (RFC 7303 section 9.2). */
export type SniffedType = Exclude<ContentType, 'text/xml'>;

/** How many of a content's first bytes sniffing looks at. */
export const SNIFF_BYTES = 4096;

// PDF readers look for the header in the first 1,024 bytes (ISO 32000-1, Annex H, note 13).
const PDF_HEADER_WITHIN_BYTES = 1024;
const PDF_HEADER = /^%PDF-\d\.\d/;
const PNG_START = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const JPEG_START = Buffer.from('ffd8ff', 'hex');
const BOM = '\ufeff';

const HTML_START = /^\s*<(?:!doctype\s+html|html)\b/i;
const XML_DECLARATION = /^<\?xml\s+version\s*=\s*["']1\.\d["'](?:\s+encoding\s*=\s*["']([^"']*)["'])?/;
const XML_ELEMENT = /^\s*<[\p{L}_:]/u;
const JSON_START = /^[ \t\r\n]*(?:\{[ \t\r\n]*(?:["}]|$)|\[[ \t\r\n]*(?:["{[\]0-9-]|true|false|null|$))/;

export function isContentType(value: unknown): value is ContentType {
  return CONTENT_TYPES.some((type) => type === value);
}

/**
 * Tells a content's type from its first bytes (up to SNIFF_BYTES; what lies beyond is not looked at), never from
 * what was declared. `complete`: `head` is the whole content. Undefined for none of ours.
 *
 * - A PDF starts with its header. A head that has one further on is nothing at all: a reader might open it as a PDF.
 * - XML starts with its declaration, in UTF-8 or US-ASCII, or with its root element; HTML is text, not XML.
 * - JSON is an object or an array (RFC 8259, without a byte order mark); a lone number or string is text.
 * - Text is UTF-8 without control characters; only createTextCheck can say so of a content's whole.
 */
export function sniffContentType(head: Uint8Array, options: { complete: boolean }): SniffedType | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, SNIFF_BYTES));
  const complete = options.complete && head.byteLength <= SNIFF_BYTES;
  const pdfHeaderAt = bytes.subarray(0, PDF_HEADER_WITHIN_BYTES).indexOf('%PDF-', 0, 'latin1');
  if (pdfHeaderAt === 0 && PDF_HEADER.test(bytes.toString('latin1', 0, 8))) return 'application/pdf';
  if (pdfHeaderAt >= 0) return undefined;
  if (startsWith(bytes, PNG_START)) return 'image/png';
  if (startsWith(bytes, JPEG_START) && isJpegMarker(bytes[3])) return 'image/jpeg';

  const text = decodeText(bytes, { complete });
  if (text === undefined || text === '') return undefined;
  const isXml = looksLikeXml(text);
  if (isXml !== undefined) return isXml ? 'application/xml' : undefined;
  return looksLikeJson(text, complete) ? 'application/json' : 'text/plain';
}

/** Whether a content may be declared as this: JSON and XML are valid plain text too, and XML has two names. */
export function matchesDeclared(declared: string, sniffed: SniffedType | undefined): boolean {
  if (sniffed === undefined || !isContentType(declared)) return false;
  if (declared === sniffed) return true;
  if (declared === 'text/xml') return sniffed === 'application/xml';
  return declared === 'text/plain' && (sniffed === 'application/json' || sniffed === 'application/xml');
}

/** Whether the whole of such a content must pass createTextCheck. */
export function isTextType(type: ContentType): boolean {
  return type === 'text/plain' || type === 'application/json' || type.endsWith('/xml');
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.length >= start.length && bytes.subarray(0, start.length).equals(start);
}

/** After SOI comes a segment's marker (ITU-T T.81, table B.1): APPn, COM, a table or a frame. */
function isJpegMarker(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0xc0 && byte <= 0xfe && !(byte >= 0xd0 && byte <= 0xd9);
}

/** False: XML in an encoding that is not taken. Undefined: no XML. */
function looksLikeXml(text: string): boolean | undefined {
  const body = text.startsWith(BOM) ? text.slice(1) : text;
  if (HTML_START.test(body)) return undefined;
  const declaration = XML_DECLARATION.exec(body);
  if (declaration !== null) {
    const encoding = declaration[1]?.toLowerCase() ?? 'utf-8';
    return encoding === 'utf-8' || encoding === 'us-ascii';
  }
  return XML_ELEMENT.test(body) ? true : undefined;
}

function looksLikeJson(text: string, complete: boolean): boolean {
  if (!JSON_START.test(text)) return false;
  if (!complete) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
