import { existsSync, readFileSync } from 'node:fs';

// Wycheproof's vectors lie beside the repository, not in it.
const FOLDER = new URL('../../../../shared/vectors/wycheproof/', import.meta.url);

export type WycheproofTest = { tcId: number; comment: string; flags: string[]; result: 'valid' | 'invalid' };
export type WycheproofGroup<Test> = { comment?: string; tests: Test[] };

/** For tap's `skip`: false, or why the vectors of `file` can't be tested here. */
export function withoutVectors(file: string): false | string {
  return existsSync(new URL(file, FOLDER)) ? false : `Wycheproof's ${file} isn't beside the repository`;
}

export function readVectors<Group>(file: string): { numberOfTests: number; testGroups: Group[] } {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as {
    numberOfTests: number;
    testGroups: Group[];
  };
}
