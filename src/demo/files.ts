import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { SNIFF_BYTES, sniffContentType } from '../protocol/content-type.ts';

/** A file to push, with what is told of it. */
export type DemoFile = { path: string; name: string; contentType: string; metadata: Record<string, unknown> };

/** The files to push are not there, or none of them can be pushed. */
export class DemoFileError extends Error {
  override readonly name = 'DemoFileError';
  readonly code = 'demo.file';
  readonly hint =
    'name files that can be read, such as a PDF, or folders of them; without any, the samples are pushed';
  /** Wrong usage. */
  readonly exitCode = 2;
}

const SAMPLES = path.join(import.meta.dirname, '..', '..', 'examples', 'documents');

/** The files named, those in the folders named, or the project's own samples. */
export async function collectFiles(paths: readonly string[]): Promise<DemoFile[]> {
  if (paths.length === 0) return sampleFiles();
  const found: DemoFile[] = [];
  for (const given of paths) {
    for (const file of await expand(path.resolve(given)).catch((error) => unreadable(given, error))) {
      const contentType = await typeOf(file).catch((error) => unreadable(file, error));
      if (contentType !== undefined) found.push(describeFile(file, contentType));
    }
  }
  return found;
}

function unreadable(file: string, error: NodeJS.ErrnoException): never {
  const why = error.code === 'ENOENT' ? 'is not there' : `can't be read (${error.code})`;
  throw new DemoFileError(`${file} ${why}`, { cause: error });
}

async function expand(given: string): Promise<string[]> {
  if (!(await stat(given)).isDirectory()) return [given];
  const entries = await readdir(given, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** By content, as a node does; undefined for what a vault doesn't take. */
async function typeOf(file: string): Promise<string | undefined> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(SNIFF_BYTES + 1);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const complete = bytesRead <= SNIFF_BYTES;
    return sniffContentType(head.subarray(0, Math.min(bytesRead, SNIFF_BYTES)), { complete });
  } finally {
    await handle.close();
  }
}

function describeFile(file: string, contentType: string): DemoFile {
  const name = path.basename(file);
  return {
    path: file,
    name,
    contentType,
    metadata: {
      type: 'other',
      title: path.parse(name).name.slice(0, 200),
      issuedAt: new Date().toISOString().slice(0, 10),
      language: 'fr',
    },
  };
}

async function sampleFiles(): Promise<DemoFile[]> {
  const index = JSON.parse(await readFile(path.join(SAMPLES, 'index.json'), 'utf8')) as (Record<
    string,
    unknown
  > & { file: string })[];
  return index.map(({ file, ...metadata }) => ({
    path: path.join(SAMPLES, file),
    name: file,
    contentType: 'application/pdf',
    metadata,
  }));
}
