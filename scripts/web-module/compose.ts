import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..');
const ENTRY = path.join(ROOT, 'web', 'slot', 'intervault-slot.ts');
export const WEB_MODULE = path.join(ROOT, 'web', 'intervault-slot.js');

const HEADER = `// Intervault (Apache-2.0). Made by scripts/web-module.ts of web/slot: change those.\n`;
const IMPORT = /^import\s(type\s)?[^;]*?\sfrom\s'(\.\/[a-z-]+\.ts)';\n/gm;

/**
 * One module out of many: each file once, after those it imports, without types, imports and exports. All share one
 * scope then, so that a top-level name may stand in one file only; a name that two have is a SyntaxError where it is loaded.
 */
export function composeWebModule(): string {
  const parts: string[] = [];
  const begun = new Set<string>();
  const add = (file: string) => {
    if (begun.has(file)) return;
    begun.add(file);
    const source = readFileSync(file, 'utf8');
    for (const [, typesOnly, specifier = ''] of source.matchAll(IMPORT))
      if (typesOnly === undefined) add(path.resolve(path.dirname(file), specifier));
    const code = stripTypeScriptTypes(source.replaceAll(IMPORT, '')).replaceAll(/^export (?!\{)/gm, '');
    if (/^(?:import|export)\b/m.test(code))
      throw new Error(`${file} imports or exports in a way this can't join`);
    parts.push(tidy(code));
  };
  add(ENTRY);
  return HEADER + parts.join('');
}

/** Without what only a reader of the source needs: comments that fill lines, indentation, lines that types left blank. */
function tidy(code: string): string {
  return code
    .replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\s*?\n/gm, '')
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' '))
    .filter((line) => line !== '' && !line.startsWith('// '))
    .map((line) => `${line}\n`)
    .join('');
}
