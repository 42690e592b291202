import { readFile, stat } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CliError, EXIT } from './context.ts';

/** The size of a file that is there. Throws `usage.file`. */
export async function sizeOfFile(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() === true) return found.size;
  throw new CliError('usage.file', `${file} is ${found === undefined ? 'not there' : 'not a file'}`, {
    exitCode: EXIT.usage,
  });
}

const MAX_BYTES = 64 * 1024;

/** A JSON object of at most 64 KiB from a file, or from stdin for `-`. `example` is what the hint shows. */
export async function readJsonFile(file: string, example: string): Promise<Record<string, unknown>> {
  const name = file === '-' ? 'stdin' : file;
  const refuse = (why: string) =>
    new CliError('usage.json', `${name} ${why}`, { hint: `such as ${example}`, exitCode: EXIT.usage });
  if (file !== '-' && (await sizeOfFile(file)) > MAX_BYTES) throw refuse('is larger than 64 KiB');
  const content = await (file === '-' ? text(process.stdin) : readFile(file, 'utf8'));
  if (Buffer.byteLength(content) > MAX_BYTES) throw refuse('is larger than 64 KiB');
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    throw refuse('is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw refuse('is not a JSON object');
  return parsed as Record<string, unknown>;
}
