import type { ErrorObject, Options, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { ProblemDetails } from './problem.ts';

export type RequestPart = 'body' | 'query' | 'path' | 'headers';

/** Keywords of OpenAPI that say nothing about validity. */
const ANNOTATIONS = ['example', 'externalDocs', 'xml', 'discriminator'];
const MAX_NAME = 64;
const MAX_LISTED = 12;

const STRICT: Options = {
  strict: true,
  // openapi.yaml's schemas are linted by the tests, and need not be at each start. A keyword nobody knows still throws.
  validateSchema: false,
  // Schemas that share a condition name fields without declaring them again.
  strictRequired: false,
  allowUnionTypes: true,
  allErrors: false,
  removeAdditional: false,
  useDefaults: false,
  coerceTypes: false,
};

type Located = Pick<ErrorObject, 'instancePath' | 'keyword' | 'params'>;

type CompileInput = { schema: unknown; httpPart?: string };

/**
 * Fastify's validator compiler: JSON Schema 2020-12. Bodies are taken as they are; what comes as text (path,
 * query, headers) is converted to the type its schema names, and query defaults are filled in.
 */
export function createValidatorCompiler(
  sharedSchemas: readonly object[] = [],
): (input: CompileInput) => ValidateFunction {
  const forBodies = createAjv(STRICT, sharedSchemas);
  const forText = createAjv({ ...STRICT, coerceTypes: 'array', useDefaults: true }, sharedSchemas);
  return ({ schema, httpPart }) =>
    (httpPart === 'body' ? forBodies : forText).compile(schema as object) as ValidateFunction;
}

function createAjv(options: Options, sharedSchemas: readonly object[]): Ajv2020 {
  const ajv = new Ajv2020(options);
  ajvFormats.default(ajv);
  ajv.addVocabulary(ANNOTATIONS);
  for (const schema of sharedSchemas) ajv.addSchema(schema);
  return ajv;
}

/**
 * Says what is wrong with which field, for `request.invalid`. Names come from the schema or are the caller's
 * own field names; values are never repeated, since they may be personal.
 */
export function describeInvalid(
  errors: readonly Pick<ErrorObject, 'instancePath' | 'keyword' | 'params' | 'message'>[],
  part: RequestPart,
): ProblemDetails {
  const [first] = errors;
  if (first === undefined) return { in: part };
  // Of the branches of anyOf and oneOf, the one that got furthest is the one that was meant.
  const error = errors
    .filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'oneOf' && keyword !== 'if')
    .reduce((best, next) => (depth(next) > depth(best) ? next : best), first);
  const pointer = pointerOf(error);
  return { in: part, pointer, detail: `${pointer === '' ? `the ${part}` : pointer} ${complaint(error)}` };
}

/** Fastify's name of a request part, as callers know it. */
export function partOf(context: string | undefined): RequestPart {
  if (context === 'querystring') return 'query';
  if (context === 'params') return 'path';
  return context === 'headers' ? 'headers' : 'body';
}

function depth(error: Located): number {
  return pointerOf(error).split('/').length;
}

/** RFC 6901, down to the field that is missing or too many. */
function pointerOf(error: Located): string {
  const field = fieldOf(error);
  return error.instancePath + (field === undefined ? '' : `/${escapePointer(field)}`);
}

function fieldOf({ keyword, params }: Pick<ErrorObject, 'keyword' | 'params'>): string | undefined {
  const name =
    keyword === 'required' || keyword === 'dependentRequired'
      ? params['missingProperty']
      : keyword === 'additionalProperties'
        ? params['additionalProperty']
        : keyword === 'unevaluatedProperties'
          ? params['unevaluatedProperty']
          : keyword === 'propertyNames'
            ? params['propertyName']
            : undefined;
  return typeof name === 'string' ? name.slice(0, MAX_NAME) : undefined;
}

function complaint({
  keyword,
  params,
  message,
}: Pick<ErrorObject, 'keyword' | 'params' | 'message'>): string {
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
      return 'is missing';
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'is not a field that is known here';
    case 'propertyNames':
      return 'has a name that is not allowed here';
    case 'enum': {
      const allowed = (params['allowedValues'] ?? []) as unknown[];
      const listed = allowed.slice(0, MAX_LISTED).map(String).join(', ');
      return `must be one of ${listed}${allowed.length > MAX_LISTED ? ', …' : ''}`;
    }
    case 'const':
      return `must be ${String(params['allowedValue'])}`;
    case 'false schema':
      return 'is not allowed here';
    default:
      return message ?? 'is not valid';
  }
}

/** RFC 6901 section 3. */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
