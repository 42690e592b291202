import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { REFUSALS_CHAPTER, renderRefusals } from '../../scripts/spec-refusals.ts';
import { renderSchemas, SCHEMAS_FOLDER } from '../../scripts/spec-schemas.ts';
import { renderVectors, VECTORS_FOLDER } from '../../scripts/spec-vectors.ts';

const folders = [
  ['spec/schemas', SCHEMAS_FOLDER, renderSchemas, 'node scripts/spec-schemas.ts'],
  ['spec/vectors', VECTORS_FOLDER, renderVectors, 'node scripts/spec-vectors.ts'],
] as const;

for (const [name, folder, render, command] of folders) {
  t.test(`${name} is what "${command}" writes, byte for byte`, async (t) => {
    const files = render();
    t.same((await readdir(folder)).sort(), [...files.keys()].sort(), 'these files and no other');
    for (const [file, text] of files) {
      const committed = await readFile(new URL(file, folder), 'utf8').catch(() => undefined);
      t.ok(committed === text, `${file} is up to date`);
    }
  });
}

t.test('the table of refusals is the program’s', async (t) => {
  t.equal(await readFile(REFUSALS_CHAPTER, 'utf8'), renderRefusals());
});
