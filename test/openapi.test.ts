import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fastify } from 'fastify';
import t from 'tap';
import { ACCESS } from '../src/http/access.ts';
import { nodeProblems } from '../src/http/node-problems.ts';
import { DOCUMENT_TYPES, documentFields, documentRequired } from '../src/protocol/schemas/document.ts';
import { CONTRACT_FILE, commonProblemCodes, contract, operations } from './support/openapi.ts';

const root = path.join(import.meta.dirname, '..');
const component = (name: string) =>
  contract.schemas.find((schema) => (schema as { $id: string }).$id.endsWith(`:${name}`)) as {
    enum?: string[];
    required?: string[];
    properties?: Record<string, unknown>;
  };

t.test('the contract is a valid OpenAPI description', async (t) => {
  const redocly = path.join(root, 'node_modules/.bin/redocly');
  const { stdout, stderr } = await promisify(execFile)(
    redocly,
    ['lint', CONTRACT_FILE, '--format=json', '--max-problems=20'],
    {
      cwd: root,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        REDOCLY_TELEMETRY: 'off',
        REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
      },
    },
  ).catch((error: { stdout: string; stderr: string }) => error);
  t.match(stdout, /"totals":\s*\{\s*"errors":\s*0,\s*"warnings":\s*0/, `${stdout.slice(0, 2000)}${stderr}`);
});

/** Anything that is asked for anything: routes are registered, and none is called. */
function stub(): never {
  const target = () => stub();
  return new Proxy(target, { get: () => stub() }) as never;
}

type Registered = { operationId: string | undefined; method: string; url: string };

/** Every route that a routes file of the house registers, with the operation it says it is. */
async function registeredRoutes(): Promise<Registered[]> {
  const routes: Registered[] = [];
  const files = globSync('src/**/{routes,*-routes}.ts', { cwd: root }).sort();
  for (const file of files) {
    const module = (await import(path.join(root, file))) as Record<string, unknown>;
    for (const [name, factory] of Object.entries(module)) {
      if (!name.endsWith('Routes') || typeof factory !== 'function') continue;
      const app = fastify({ exposeHeadRoutes: false });
      app.addHook('onRoute', ({ method, url, config }) => {
        const { operationId } = (config ?? {}) as { operationId?: string };
        routes.push({ operationId, method: String(method), url });
      });
      const access = { operation: (operationId: string) => ({ config: { operationId } }) };
      // The access comes last, after what the room itself needs.
      const given = Array.from({ length: factory.length - 1 }, stub);
      const institution = !/federation|exchangeRoutes/i.test(name);
      const plugin = institution ? factory(...given, access) : factory(...given, stub());
      const prefix = institution ? '/v1' : name === 'registryFederationRoutes' ? '' : '/federation/v1';
      await app.register(plugin, { prefix });
      await app.ready();
      await app.close();
    }
  }
  return routes;
}

t.test('operations and routes are the same', async (t) => {
  const routes = await registeredRoutes();
  t.ok(routes.length > 30, `${routes.length} routes`);
  const named = (method: string, url: string) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`;
  const written = operations.map((one) => `${one.method} ${one.template}`).sort();
  t.strictSame(routes.map((route) => named(route.method, route.url)).sort(), written);
  for (const route of routes) {
    if (!route.url.startsWith('/v1')) continue;
    const { method, path: template } = contract.operation(`${route.operationId}`);
    t.equal(named(route.method, route.url), `${method} ${template}`, `${route.operationId}`);
  }
});

t.test('each operation of the institution API has a row in the access table', async (t) => {
  const institution = operations.filter(({ template }) => template.startsWith('/v1'));
  t.strictSame(institution.map(({ operation }) => operation.operationId).sort(), Object.keys(ACCESS).sort());
});

t.test('the codes of problems are those of the program', async (t) => {
  const codes = nodeProblems.list().map(({ code }) => code);
  t.strictSame([...(component('ProblemCode').enum ?? [])].sort(), codes, 'ProblemCode');
  const listed = new Set([
    ...commonProblemCodes,
    ...operations.flatMap(({ operation }) => operation['x-problem-codes']),
  ]);
  for (const code of listed) t.ok(codes.includes(code), `${code} exists`);
  t.strictSame(
    codes.filter((code) => !listed.has(code)),
    [],
    'each code is told by an operation',
  );
});

t.test('documents are described as the protocol has them', async (t) => {
  const { properties = {}, required = [] } = component('DocumentSubmission');
  const { link: _link, file: _file, ...fields } = properties;
  t.strictSame(Object.keys(fields).sort(), Object.keys(documentFields).sort(), 'fields');
  t.strictSame([...required].sort(), [...documentRequired, 'link'].sort(), 'required fields');
  t.strictSame(component('DocumentTypeCode').enum, Object.keys(DOCUMENT_TYPES), 'types');
});
