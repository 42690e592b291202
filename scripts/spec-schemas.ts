import { mkdir, writeFile } from 'node:fs/promises';
import { SCHEMAS } from '../src/protocol/schemas/validators.ts';
import { renderJson } from './spec/json.ts';

/** spec/schemas, one file a schema: `node scripts/spec-schemas.ts` writes them, a test compares them. */
export const SCHEMAS_FOLDER = new URL('../spec/schemas/', import.meta.url);

/** What the formats of our own mean, in the schemas that use them. */
export const FORMATS: Readonly<Record<string, string>> = {
  'entity-id':
    'entity-id: an absolute https URL (http in development only) in its one canonical form: scheme and host in lower case, no default port, no user information, query, fragment or trailing slash, path segments of unreserved characters.',
  'https-uri': 'https-uri: an absolute URL that begins with https:// and has no white space, backslash or @.',
  'rfc3339-utc':
    'rfc3339-utc: an RFC 3339 time that ends in Z, upper case, with at most six digits of a fraction and no leap second.',
};

/** The text of each file, by its name. */
export function renderSchemas(): Map<string, string> {
  return new Map(
    Object.entries(SCHEMAS).map(([name, schema]) => {
      const { $id, title, ...rest }: { $id: string; title: string } = schema;
      const used = Object.keys(FORMATS).filter((format) => JSON.stringify(rest).includes(`"${format}"`));
      const file = {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id,
        title,
        ...(used.length > 0 && { $comment: `Formats. ${used.map((format) => FORMATS[format]).join(' ')}` }),
        ...rest,
      };
      return [`${name}.schema.json`, renderJson(file)];
    }),
  );
}

if (import.meta.main) {
  await mkdir(SCHEMAS_FOLDER, { recursive: true });
  for (const [name, text] of renderSchemas()) await writeFile(new URL(name, SCHEMAS_FOLDER), text);
}
