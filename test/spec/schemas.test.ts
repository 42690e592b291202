import { readdir, readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { parseEntityId } from '../../src/protocol/ids.ts';

const FOLDER = new URL('../../spec/schemas/', import.meta.url);

type Schema = { [keyword: string]: unknown };
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

const files = (await readdir(FOLDER)).sort();
const schemas = new Map<string, Schema>();
for (const file of files) schemas.set(file, JSON.parse(await readFile(new URL(file, FOLDER), 'utf8')));

/** Every member that says nothing of itself, by its path. Conditions only repeat members described elsewhere. */
function undescribed(schema: Schema, path: string): string[] {
  const found: string[] = [];
  const { properties } = schema;
  if (isSchema(properties)) {
    for (const [name, member] of Object.entries(properties)) {
      if (!isSchema(member)) continue;
      if (typeof member['description'] !== 'string') found.push(`${path}/${name}`);
      found.push(...undescribed(member, `${path}/${name}`));
    }
  }
  for (const keyword of ['items', 'additionalProperties']) {
    const inner = schema[keyword];
    if (isSchema(inner)) found.push(...undescribed(inner, `${path}/${keyword}`));
  }
  const { oneOf } = schema;
  if (Array.isArray(oneOf)) for (const inner of oneOf) found.push(...undescribed(inner, path));
  return found;
}

t.test('each schema can be read without the code', async (t) => {
  t.ok(files.length > 0);
  for (const [file, schema] of schemas) {
    t.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema', file);
    t.equal(schema['$id'], `urn:intervault:schema:${file.replace('.schema.json', '')}`, file);
    t.equal(typeof schema['title'], 'string', file);
    t.same(undescribed(schema, ''), [], `${file}: every member has a description`);
  }
});

t.test('the vectors hold to the schemas as they are published', async (t) => {
  // A validator of its own, that knows the formats from what spec/README.md says of them.
  const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false });
  ajv.addFormat('entity-id', (text) => parseEntityId(text) !== undefined);
  for (const format of ['https-uri', 'rfc3339-utc', 'date', 'email']) ajv.addFormat(format, true);
  const accepted = [
    ['envelope', 'envelopes'],
    ['receipt', 'receipts'],
    ['evidence', 'evidence-records'],
    ['request-token', 'request-tokens'],
    ['entity-configuration', 'entity-configurations'],
  ] as const;
  for (const [name, vectors] of accepted) {
    const validate = ajv.compile(schemas.get(`${name}.schema.json`) as Schema);
    const file = new URL(`../../spec/vectors/${vectors}.json`, import.meta.url);
    const { cases } = JSON.parse(await readFile(file, 'utf8'));
    const valid = cases.filter((one: { claims?: object }) => one.claims !== undefined);
    t.ok(valid.length > 0, name);
    for (const one of valid) t.ok(validate(one.claims), `${name}: ${one.name}`);
  }
});
