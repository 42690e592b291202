import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { load } from 'js-yaml';
import { componentId, linked, loadContract } from '../../src/http/openapi.ts';

export const CONTRACT_FILE = path.join(import.meta.dirname, '../../openapi.yaml');

type Json = { [name: string]: unknown };
type Response = { content?: Record<string, { schema?: unknown }>; $ref?: string };
type Operation = { operationId: string; responses: Record<string, Response>; 'x-problem-codes': string[] };

export const contract = loadContract(CONTRACT_FILE);

const document = load(readFileSync(CONTRACT_FILE, 'utf8')) as Json & {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Response> };
  'x-common-problem-codes': string[];
};

/** Requests of peers carry no access token. */
const codesOfAll = (template: string): string[] =>
  commonProblemCodes.filter((code) => template.startsWith('/v1') || !code.startsWith('auth.'));

export const commonProblemCodes: readonly string[] = document['x-common-problem-codes'];

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
ajvFormats.default(ajv);
ajv.addVocabulary(['example']);
for (const schema of contract.schemas) ajv.addSchema(schema);
const validators = new Map<string, ValidateFunction>();

export const operations = Object.entries(document.paths).flatMap(([template, item]) =>
  Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), template, operation })),
);

/** The operation a request is for; the one without parameters where two fit. */
export function findOperation(method: string, target: string) {
  const given = (target.split('?', 1)[0] as string).split('/');
  return operations
    .filter((one) => one.method === method && fits(one.template.split('/'), given))
    .sort((a, b) => a.template.split('{').length - b.template.split('{').length)[0];
}

function fits(template: string[], given: string[]): boolean {
  return (
    template.length === given.length &&
    template.every((part, at) => part.startsWith('{') || part === given[at])
  );
}

/** Where an answer is not what the contract says; empty where it is. */
export function contractBreaches(
  request: { method: string; target: string },
  answer: { status: number; contentType: string | null; body: unknown },
): string[] {
  const { method, target } = request;
  const found = findOperation(method, target);
  const name = `${method} ${target.split('?', 1)[0]}: ${answer.status}`;
  // What is at no address of the contract is answered with a problem all the same.
  if (found === undefined) return problemBreaches(name, answer.body, [...commonProblemCodes]);
  const { operation } = found;
  const listed =
    operation.responses[String(answer.status)] ?? operation.responses[`${String(answer.status)[0]}XX`];
  if (listed === undefined) return [`${name} is not among the responses of ${operation.operationId}`];
  const response =
    listed.$ref === undefined
      ? listed
      : (document.components.responses[listed.$ref.split('/').at(-1) as string] as Response);
  const type = answer.contentType?.split(';', 1)[0]?.trim() ?? null;
  if (response.content === undefined) return type === null ? [] : [`${name} has a body of ${type}`];
  const media = type === null ? undefined : (response.content[type] ?? response.content['*/*']);
  if (media === undefined) return [`${name} came as ${type}`];
  if (type === 'application/problem+json')
    return problemBreaches(name, answer.body, [
      ...codesOfAll(found.template),
      ...operation['x-problem-codes'],
    ]);
  if (type !== 'application/json' && type?.endsWith('+jwt') !== true) return [];
  const key = `${operation.operationId} ${answer.status}`;
  let validate = validators.get(key);
  if (validate === undefined) {
    validate = ajv.compile(linked(media.schema) as object);
    validators.set(key, validate);
  }
  return validate(answer.body) ? [] : (validate.errors ?? []).map((error) => `${name}: ${said(error)}`);
}

/** The same for an answer as it came, its body read by its media type: JSON, or a signed text. */
export function answerBreaches(
  request: { method: string; target: string },
  { status, type, body }: { status: number; type: string | null; body: Buffer },
): string[] {
  const text = body.toString('utf8');
  const read = type?.includes('json') === true ? (JSON.parse(text) as unknown) : text;
  return contractBreaches(request, { status, contentType: type, body: read });
}

function problemBreaches(name: string, body: unknown, codes: readonly string[]): string[] {
  const validate = ajv.getSchema(componentId('Problem')) as ValidateFunction;
  if (!validate(body)) return (validate.errors ?? []).map((error) => `${name}: ${said(error)}`);
  const { code } = body as { code: string };
  return codes.includes(code) ? [] : [`${name}: ${code} is not among the codes of this operation`];
}

function said(error: { instancePath: string; message?: string; params: unknown }): string {
  return `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`;
}
