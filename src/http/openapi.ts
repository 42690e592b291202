import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

/**
 * The contract as the routes use it: openapi.yaml says what a request looks like, and nothing else does. Read once, at
 * start.
 */
export type Contract = Readonly<{
  /** The schemas under `components`, each with an `$id`, for a validator. */
  schemas: readonly object[];
  operations: readonly ContractOperation[];
  /** Throws for an operation that openapi.yaml lacks. */
  operation: (operationId: string) => ContractOperation;
}>;

export type ContractOperation = Readonly<{
  operationId: string;
  method: string;
  /** As openapi.yaml writes it: `/v1/documents/{id}`. */
  path: string;
  /** `x-journaled-by-room`: the room notes each access itself, whoever the caller is. */
  journaledByRoom: boolean;
  /** What Fastify validates a request by. */
  schema: Readonly<{ params?: object; querystring?: object; body?: object }>;
}>;

type Json = { [name: string]: unknown };

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
const COMPONENT = /^#\/components\/schemas\/([A-Za-z0-9]+)$/;
const JSON_TYPE = 'application/json';

/** Throws where the file is missing or is no contract: a node doesn't start without one. */
export function loadContract(file: string): Contract {
  const document = load(readFileSync(file, 'utf8')) as Json;
  const components = document['components'] as Record<string, Record<string, Json>>;
  const operations = new Map<string, ContractOperation>();
  for (const [path, item] of Object.entries(document['paths'] as Record<string, Json>)) {
    for (const method of METHODS) {
      const operation = item[method] as Json | undefined;
      if (operation === undefined) continue;
      const operationId = operation['operationId'] as string;
      const parameters = [
        ...((item['parameters'] ?? []) as Json[]),
        ...((operation['parameters'] ?? []) as Json[]),
      ].map((parameter) => resolveParameter(parameter, components['parameters'] ?? {}));
      operations.set(
        operationId,
        Object.freeze({
          operationId,
          method: method.toUpperCase(),
          path,
          journaledByRoom: operation['x-journaled-by-room'] === true,
          schema: Object.freeze({
            ...objectOf('params', 'path', parameters),
            ...objectOf('querystring', 'query', parameters),
            ...bodyOf(operation['requestBody'] as Json | undefined),
          }),
        }),
      );
    }
  }
  return Object.freeze({
    schemas: Object.entries(components['schemas'] ?? {}).map(([name, schema]) => ({
      ...(linked(schema) as Json),
      $id: componentId(name),
    })),
    operations: [...operations.values()],
    operation(operationId: string) {
      const found = operations.get(operationId);
      if (found === undefined) throw new Error(`openapi.yaml has no operation ${operationId}`);
      return found;
    },
  });
}

/** Name of a schema under `components`, for a `$ref` in a validator. */
export function componentId(name: string): string {
  return `urn:intervault:api:${name}`;
}

/** OpenAPI 3.1 schemas are JSON Schema 2020-12; only the references between them need the names they have here. */
export function linked(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(linked);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      const component = key === '$ref' ? COMPONENT.exec(String(value))?.[1] : undefined;
      return [key, component === undefined ? linked(value) : componentId(component)];
    }),
  );
}

function resolveParameter(parameter: Json, shared: Record<string, Json>): Json {
  const ref = parameter['$ref'];
  if (ref === undefined) return parameter;
  const found = shared[String(ref).replace('#/components/parameters/', '')];
  if (found === undefined) throw new Error(`openapi.yaml: ${String(ref)} leads nowhere`);
  return found;
}

function objectOf(name: string, place: string, parameters: readonly Json[]): Record<string, object> {
  const here = parameters.filter((parameter) => parameter['in'] === place);
  // A query is closed even where an operation takes none: a filter that isn't known must not be ignored.
  if (here.length === 0 && place !== 'query') return {};
  return {
    [name]: {
      type: 'object',
      additionalProperties: false,
      required: here.filter((one) => one['required'] === true).map((one) => one['name']),
      properties: Object.fromEntries(here.map((one) => [one['name'], linked(one['schema'])])),
    },
  };
}

/** Forms and files are streams that their handlers read. */
function bodyOf(requestBody: Json | undefined): { body?: object } {
  const content = requestBody?.['content'] as Record<string, Json> | undefined;
  const schema = content?.[JSON_TYPE]?.['schema'];
  if (content === undefined || schema === undefined) return {};
  if (Object.keys(content).length === 1) {
    const body = linked(schema) as object;
    // A request without a body is validated as null.
    return { body: requestBody?.['required'] === true ? body : { if: { type: 'null' }, else: body } };
  }
  return { body: { content: { [JSON_TYPE]: { schema: linked(schema) } } } };
}
