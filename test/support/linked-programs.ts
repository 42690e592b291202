import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Test } from 'tap';
import { runProgram } from './program.ts';
import { tempDir } from './temp-dir.ts';

type Environment = Record<string, string>;

/** Runs a command, and reads what it prints as JSON; throws what it says where it fails. */
export type RunJson = (env: Environment, args: string[], input?: string) => Promise<Record<string, string>>;

/** Lets two running nodes know each other and links a customer of A to one of B, by commands alone. */
export async function linkByCommands(
  t: Test,
  { a, b, main }: { a: Environment; b: Environment; main?: string },
): Promise<{ link: string; json: RunJson }> {
  const json: RunJson = async (env, args, input = '') => {
    const options = { input, ...(main !== undefined && { main }) };
    const { code, stdout, stderr } = await runProgram(t, [...args, '--json'], env, options);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, string>;
  };
  const [idA, idB] = [a['INTERVAULT_PUBLIC_URL'] ?? '', b['INTERVAULT_PUBLIC_URL'] ?? ''];
  const pins = await Promise.all([json(a, ['peer', 'discover', idB]), json(b, ['peer', 'discover', idA])]);
  await Promise.all([
    json(a, ['peer', 'add', idB, '--pin', pins[0]['signedBy'] ?? '']),
    json(b, ['peer', 'add', idA, '--pin', pins[1]['signedBy'] ?? '']),
  ]);

  const consent = path.join(await tempDir(t), 'consent.json');
  const given = {
    jurisdiction: 'FR',
    method: 'web',
    purposes: ['p'],
    policyUrl: 'https://a.example/p',
    services: ['s'],
    sensitive: false,
  };
  await writeFile(consent, JSON.stringify(given));
  const agreed = ['--consent', consent];
  const started = await json(a, [
    ...['link', 'start', '--customer', 'C-1', '--peer', idB, '--holder', 'M. D••••', '--session', 'S'],
    ...['--return-url', 'https://banque-a.example/liens', '--give', 'billing.invoice', ...agreed],
  ]);
  const link = started['link'] ?? '';
  await json(b, ['link', 'redeem', '--customer', '77', '--session', 'T', ...agreed], started['token']);
  let code: string | undefined;
  while (code === undefined) code = (await json(b, ['link', 'redemption', link, '--session', 'T']))['code'];
  await json(a, ['link', 'complete', link, '--customer', 'C-1', '--session', 'S', '--code', code]);
  return { link, json };
}
