import path from 'node:path';
import { readCode, readImports } from './code-text.ts';

/** Path from the project's root (`src/…`) -> TypeScript source. */
export type Sources = ReadonlyMap<string, string>;

/** One line for each breach: the file, and what is wrong with it. */
export type Rule = (sources: Sources) => string[];

/** Each row may use the rows above it, never its own. `config.ts` and `clock.ts` are ground for all but protocol. */
export const RANKS: readonly (readonly string[])[] = [
  ['protocol'],
  ['config.ts', 'clock.ts', 'random.ts', 'pace.ts', 'api-access.ts'],
  ['db', 'keys', 'api-client'],
  ['registry', 'evidence', 'outbox'],
  ['exchange'],
  ['agreements', 'links'],
  ['ledger'],
  ['slots', 'documents'],
  ['reports'],
  ['webhooks', 'http', 'console', 'cli', 'demo'],
  ['node-database.ts', 'node-http.ts'],
  ['node.ts'],
  ['main.ts'],
];

const MAX_LINES = 400;

/** A folder of `src`, or a file that stands there by itself; what `config.ts` is made of stands beside it. */
function roomOf(file: string): string {
  const name = file.split('/')[1] ?? '';
  return /^config-[a-z-]+\.ts$/.test(name) ? 'config.ts' : name;
}

/** What other rooms may import of it. */
function doorOf(room: string): string {
  return room.endsWith('.ts') ? `src/${room}` : `src/${room}/index.ts`;
}

function rankOf(room: string): number {
  return RANKS.findIndex((rooms) => rooms.includes(room));
}

type Import = { file: string; specifier: string; target: string | undefined };

/** `target` is a path from the project's root, undefined for a package or a module of Node. */
function importsOf(sources: Sources): Import[] {
  return [...sources].flatMap(([file, source]) =>
    readImports(source).map((specifier) => {
      const own = specifier.startsWith('.') || specifier.startsWith('#') || specifier.startsWith('/');
      return {
        file,
        specifier,
        target: own ? path.posix.join(path.posix.dirname(file), specifier) : undefined,
      };
    }),
  );
}

function isPackage(specifier: string, names: readonly string[]): boolean {
  return names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

export const knownRooms: Rule = (sources) =>
  [...sources.keys()]
    .filter((file) => rankOf(roomOf(file)) === -1)
    .map((file) => `${file}: the house has no room ${roomOf(file)}`);

export const ranks: Rule = (sources) =>
  importsOf(sources).flatMap(({ file, target }) => {
    if (target === undefined) return [];
    if (!target.startsWith('src/'))
      return target.endsWith('.json') ? [] : [`${file}: imports ${target}, outside src`];
    const [from, to] = [roomOf(file), roomOf(target)];
    if (from === to || rankOf(from) > rankOf(to)) return [];
    const relation = rankOf(from) === rankOf(to) ? 'of the same rank' : 'which stands above it';
    return [`${file}: imports ${target}, ${relation}`];
  });

/** Rooms of one rank may name each other's types, and what each is wired with; what stands above may not even be named. */
export const typesFromAbove: Rule = (sources) =>
  [...sources].flatMap(([file, source]) =>
    [...source.matchAll(/^(?:import|export)\s[^;]*?\bfrom '(\.[^']+)'/gm)].flatMap(([, specifier = '']) => {
      const target = path.posix.join(path.posix.dirname(file), specifier);
      return target.startsWith('src/') && rankOf(roomOf(file)) < rankOf(roomOf(target))
        ? [`${file}: names what ${target} has, which stands above it`]
        : [];
    }),
  );

export const doors: Rule = (sources) =>
  importsOf(sources).flatMap(({ file, target }) => {
    if (target === undefined || !target.startsWith('src/')) return [];
    const room = roomOf(target);
    if (room === roomOf(file) || room === 'protocol') return [];
    return target === doorOf(room) ? [] : [`${file}: imports ${target} and not ${doorOf(room)}`];
  });

export const frameworks: Rule = (sources) =>
  importsOf(sources).flatMap(({ file, specifier }) => {
    const name = path.posix.basename(file);
    const mayServe = roomOf(file) === 'http' || name === 'routes.ts' || name.endsWith('-routes.ts');
    const mayStore = roomOf(file) === 'db' || name === 'store.ts' || name.endsWith('-store.ts');
    if (!mayServe && (isPackage(specifier, ['fastify']) || specifier.startsWith('@fastify/'))) {
      return [`${file}: imports ${specifier}, which only http/ and routes.ts know`];
    }
    if (!mayStore && isPackage(specifier, ['pg', 'kysely'])) {
      return [`${file}: imports ${specifier}, which only db/ and store.ts know`];
    }
    return [];
  });

const PURE_NODE_MODULES = ['node:assert', 'node:buffer', 'node:crypto', 'node:url', 'node:util'];
const IMPURE_PACKAGES = ['fastify', 'get-jwks', 'kysely', 'pg', 'pino', 'prom-client', 'undici'];
const IMPURE_CODE: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Date.now', /(?<![\w$.])Date\s*\.\s*now\b/],
  ['new Date()', /(?<![\w$.])new\s+Date\s*(?:\(\s*\)|(?![\s(\w$]))/],
  ['Date()', /(?<![\w$.])(?<!new\s+)Date\s*\(/],
  ['performance', /(?<![\w$.])performance\s*[.[]/],
  ['Math.random', /(?<![\w$.])Math\s*\.\s*random\b/],
  ['process', /(?<![\w$.])process\s*[.[?]/],
  ['globalThis', /(?<![\w$.])globalThis\b/],
  ['a timer', /(?<![\w$.])set(?:Timeout|Interval|Immediate)\s*\(/],
  ['fetch', /(?<![\w$.])fetch\s*\(/],
];

export const purity: Rule = (sources) =>
  [...sources]
    .filter(([file]) => roomOf(file) === 'protocol')
    .flatMap(([file, source]) => {
      const { code } = readCode(source);
      const imported = readImports(source).filter((specifier) =>
        specifier.startsWith('node:')
          ? !isPackage(specifier, PURE_NODE_MODULES)
          : isPackage(specifier, IMPURE_PACKAGES) || specifier.startsWith('@fastify/'),
      );
      return [
        ...imported.map((specifier) => `${file}: imports ${specifier}, and protocol/ is pure`),
        ...IMPURE_CODE.filter(([, pattern]) => pattern.test(code)).map(
          ([name]) => `${file}: uses ${name}, and protocol/ is pure`,
        ),
      ];
    });

export const environment: Rule = (sources) =>
  [...sources].flatMap(([file, source]) => {
    const { code, strings } = readCode(source);
    const uses = (name: string) =>
      new RegExp(`(?<![\\w$.])process\\s*(?:\\?\\.|\\.)\\s*${name}\\b`).test(code) ||
      [...code.matchAll(/(?<![\w$.])process\s*\[\s*"(\d+)"/g)].some(
        (match) => strings[Number(match[1])] === name,
      );
    const breaches: string[] = [];
    const importsProcess = readImports(source).some((specifier) => /^(?:node:)?process$/.test(specifier));
    if (file !== 'src/config.ts' && uses('env'))
      breaches.push(`${file}: reads process.env, as only config.ts may`);
    if (file !== 'src/main.ts' && uses('argv'))
      breaches.push(`${file}: reads process.argv, as only main.ts may`);
    if (importsProcess) breaches.push(`${file}: imports process, where its env can't be told from the rest`);
    return breaches;
  });

export const acyclic: Rule = (sources) => {
  const next = new Map<string, string[]>();
  for (const { file, target } of importsOf(sources)) {
    if (target !== undefined && sources.has(target)) next.set(file, [...(next.get(file) ?? []), target]);
  }
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (file: string, trail: readonly string[]) => {
    const start = trail.indexOf(file);
    if (start !== -1) {
      cycles.push(`${file}: imports itself by ${[...trail.slice(start), file].join(' -> ')}`);
      return;
    }
    if (finished.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...trail, file]);
    finished.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return cycles;
};

export const size: Rule = (sources) =>
  [...sources].flatMap(([file, source]) => {
    const lines = source.trimEnd().split('\n').length;
    return lines <= MAX_LINES
      ? []
      : [`${file}: ${lines} lines; split what does more than one thing (${MAX_LINES} at most)`];
  });

export const RULES: Readonly<Record<string, Rule>> = {
  knownRooms,
  ranks,
  typesFromAbove,
  doors,
  frameworks,
  purity,
  environment,
  acyclic,
  size,
};
