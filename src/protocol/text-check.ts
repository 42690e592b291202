/** All of category Cc but tab, line feed, form feed and carriage return; C1 (U+0080 to U+009F) included. */
const CONTROL = /[^\P{Cc}\t\n\f\r]/u;

/** Tells whether a content that arrives in chunks is text: UTF-8 (RFC 3629) without control characters. */
export type TextCheck = {
  /** False as soon as it can't be text, and from then on. */
  push(chunk: Uint8Array): boolean;
  /** False too where the content ends within a character. */
  end(): boolean;
};

/** Holds no more than the bytes of one character between two chunks. */
export function createTextCheck(): TextCheck {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isText = true;

  function decode(chunk: Uint8Array, stream: boolean): boolean {
    if (!isText) return false;
    try {
      isText = !CONTROL.test(decoder.decode(chunk, { stream }));
    } catch {
      isText = false;
    }
    return isText;
  }

  return { push: (chunk) => decode(chunk, true), end: () => decode(new Uint8Array(), false) };
}

/**
 * The text of a content's first bytes, a byte order mark included; undefined where they aren't text. Unless they are
 * `complete`, the last character may be cut and is left out.
 */
export function decodeText(bytes: Uint8Array, { complete }: { complete: boolean }): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: !complete,
    });
    return CONTROL.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
