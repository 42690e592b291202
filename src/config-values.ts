import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { inspect } from 'node:util';
import ipaddr from 'ipaddr.js';

/** What a variable's text means, or why it means nothing. `hint` says what to write instead. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; message: string; hint: string };

/** A value that no log line, JSON text or `inspect` shows. */
export type Secret = Readonly<{ reveal: () => string }>;

export type Kind<T> = Readonly<{
  /** For people: "integer", "boolean", … */
  type: string;
  /** For people: the values allowed, when the type alone doesn't say. */
  allowed?: string;
  unit?: string;
  secret?: true;
  parse: (text: string, workingDir: string) => Parsed<T>;
}>;

export type IntegerLimits = { min: number; max: number; unit?: string };

const MASK = '[secret]';
const MAX_LIST = 32;

export function createSecret(value: string): Secret {
  const hidden = () => MASK;
  return Object.freeze(
    Object.defineProperties({ reveal: () => value } as Secret, {
      toJSON: { value: hidden },
      toString: { value: hidden },
      [inspect.custom]: { value: hidden },
    }),
  );
}

export function integer({ min, max, unit }: IntegerLimits): Kind<number> {
  const allowed = `${min} to ${max}`;
  const bad = (message: string): Parsed<number> => ({
    ok: false,
    message,
    hint: `a whole number from ${allowed}${unit === undefined ? '' : ` (${unit})`}`,
  });
  return {
    type: 'integer',
    allowed,
    ...(unit === undefined ? {} : { unit }),
    parse(text) {
      if (!/^\d{1,15}$/.test(text)) return bad('is not a whole number in decimal digits');
      const value = Number(text);
      if (value < min) return bad(`is below ${min}`);
      if (value > max) return bad(`is above ${max}`);
      return { ok: true, value };
    },
  };
}

export const boolean: Kind<boolean> = {
  type: 'boolean',
  allowed: 'true, false',
  parse(text) {
    if (text === 'true' || text === '1') return { ok: true, value: true };
    if (text === 'false' || text === '0') return { ok: true, value: false };
    return { ok: false, message: 'is neither true nor false', hint: 'true or false' };
  },
};

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    type: 'choice',
    allowed: values.join(', '),
    parse(text) {
      const value = values.find((candidate) => candidate === text);
      if (value !== undefined) return { ok: true, value };
      return { ok: false, message: 'is not one of the choices', hint: `one of ${values.join(', ')}` };
    },
  };
}

/** One line of text of at most `maxLength` UTF-16 units. */
export function line(maxLength: number): Kind<string> {
  return {
    type: 'text',
    allowed: `at most ${maxLength} characters`,
    parse(text) {
      if (text.length > maxLength)
        return { ok: false, message: `is longer than ${maxLength} characters`, hint: 'a shorter text' };
      if (/\p{Cc}/u.test(text))
        return { ok: false, message: 'holds a control character', hint: 'one line of printable text' };
      return { ok: true, value: text };
    },
  };
}

/** Resolved against the working directory, so that a later `chdir` changes nothing. */
export const path: Kind<string> = {
  type: 'path',
  parse(text, workingDir) {
    if (text.includes('\0')) return { ok: false, message: 'holds a NUL character', hint: 'a file path' };
    return { ok: true, value: isAbsolute(text) ? text : resolve(workingDir, text) };
  },
};

export const host: Kind<string> = {
  type: 'host',
  allowed: 'an IP address or a host name',
  parse(text) {
    if (isIP(text) !== 0 || isHostName(text)) return { ok: true, value: text };
    return {
      ok: false,
      message: 'is neither an IP address nor a host name',
      hint: 'for example 127.0.0.1, 0.0.0.0 or ::1 (without brackets, scheme or port)',
    };
  },
};

/** An origin: scheme, host, port, and no more; in the form `URL` gives it. */
export const origin: Kind<string> = {
  type: 'URL',
  allowed: 'scheme, host and port only',
  parse(text) {
    const url = parseHttpUrl(text);
    const hint = 'for example https://vault.example.org';
    if (url === undefined) return { ok: false, message: 'is not an http or https URL', hint };
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
      return { ok: false, message: 'holds more than scheme, host and port', hint };
    if (url.pathname !== '/') return { ok: false, message: 'holds a path', hint };
    return { ok: true, value: url.origin };
  },
};

export const origins: Kind<readonly string[]> = {
  type: 'list',
  allowed: `at most ${MAX_LIST} origins (scheme, host and port), separated by commas`,
  parse(text, workingDir) {
    if (text === '') return { ok: true, value: [] };
    return parseList(text, 'https://vault.example.org', (item) => {
      const parsed = origin.parse(item, workingDir);
      // Compared with what a browser says of itself.
      return parsed.ok && parsed.value === item ? undefined : 'is not an origin as browsers write it';
    });
  },
};

/** Kept as it is written: an issuer is compared character by character (RFC 8414 section 2). */
export const url: Kind<string> = {
  type: 'URL',
  parse(text) {
    const value = parseHttpUrl(text);
    const hint = 'for example https://login.example.org/keys';
    if (value === undefined) return { ok: false, message: 'is not an http or https URL', hint };
    if (value.username !== '' || value.password !== '' || value.hash !== '')
      return { ok: false, message: 'holds credentials or a fragment', hint };
    return { ok: true, value: text };
  },
};

/** Socket paths make `new URL()` refuse what the driver accepts, so only the scheme is checked. */
export const postgresUrl: Kind<Secret> = {
  type: 'PostgreSQL URL',
  secret: true,
  parse(text) {
    if (/^postgres(?:ql)?:\/\/\S+$/.test(text)) return { ok: true, value: createSecret(text) };
    return {
      ok: false,
      message: 'is not a PostgreSQL URL',
      hint: 'for example postgresql://intervault@db.example.org/intervault',
    };
  },
};

/** An access token: printable ASCII without blanks, as a header carries it. */
export const accessToken: Kind<Secret> = {
  type: 'text',
  allowed: 'at most 8192 characters',
  secret: true,
  parse(text) {
    if (text.length <= 8192 && /^[\x21-\x7e]+$/.test(text)) return { ok: true, value: createSecret(text) };
    return { ok: false, message: 'is not an access token', hint: 'what `intervault token create` prints' };
  },
};

export const emails: Kind<readonly string[]> = {
  type: 'list',
  allowed: `at most ${MAX_LIST} addresses, separated by commas`,
  parse(text) {
    if (text === '') return { ok: true, value: [] };
    return parseList(text, 'ops@example.org', (item) =>
      item.length <= 254 && /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(item) ? undefined : 'is not an e-mail address',
    );
  },
};

/** Proxies trusted to say who called. The whole Internet among them would let anybody choose an address. */
export const networks: Kind<readonly string[]> = {
  type: 'list',
  allowed: `off, or at most ${MAX_LIST} addresses or CIDR ranges, separated by commas`,
  parse(text) {
    if (text === 'off') return { ok: true, value: [] };
    return parseList(text, '10.0.0.0/8, 192.0.2.7', (item) => {
      if (isIP(item) !== 0) return undefined;
      if (!ipaddr.isValidCIDR(item)) return 'is neither an IP address nor a CIDR range';
      return item.endsWith('/0') ? 'trusts every address' : undefined;
    });
  },
};

function parseList(
  text: string,
  example: string,
  refusal: (item: string) => string | undefined,
): Parsed<readonly string[]> {
  const hint = `for example ${example}`;
  const items = text.split(',').map((item) => item.trim());
  if (items.length > MAX_LIST)
    return { ok: false, message: `holds more than ${MAX_LIST} entries`, hint: 'fewer entries' };
  for (const [index, item] of items.entries()) {
    const message = refusal(item);
    if (message !== undefined) return { ok: false, message: `entry ${index + 1} ${message}`, hint };
  }
  return { ok: true, value: items };
}

function parseHttpUrl(text: string): URL | undefined {
  if (text.length > 2048 || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

function isHostName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/i.test(text) &&
    !/^[\d.]+$/.test(text)
  );
}
