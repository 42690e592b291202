import { readFile } from 'node:fs/promises';
import t from 'tap';
import { type CliContext, runCli } from '../../src/cli/index.ts';
import { INSTITUTION_ROLES } from '../../src/http/access.ts';
import { parseCompletionCode } from '../../src/protocol/completion-code.ts';

async function help(command: readonly string[]): Promise<string> {
  let said = '';
  const context = {
    version: '0.0.0',
    out: (text: string) => {
      said += `${text}\n`;
    },
    err: (text: string) => {
      said += `${text}\n`;
    },
  } as unknown as CliContext;
  const code = await runCli([...command, '--help'], context);
  if (code !== 0) throw new Error(`${command.join(' ')} --help ended with ${code}: ${said}`);
  return said;
}

/** The commands that a help text lists, `help` itself aside. */
function commandsIn(text: string): string[] {
  const [, list = ''] = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(text) ?? [];
  return [...list.matchAll(/^ {2}([a-z]+)\b/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'help');
}

t.test('every command has help, with examples that call it, and a place in the manual', async (t) => {
  const leaves: string[] = [];
  const walk = async (command: readonly string[]): Promise<void> => {
    const text = await help(command);
    const below = commandsIn(text);
    for (const name of below) await walk([...command, name]);
    if (below.length > 0) return;
    leaves.push(command.join(' '));
    t.match(text, /\nExamples:\n {2}/, command.join(' '));
    t.match(text, new RegExp(`\\bintervault ${command.join(' ')}\\b`), `${command.join(' ')} calls itself`);
    t.match(text, / --json\b/, `${command.join(' ')} has --json`);
  };
  await walk([]);
  for (const expected of [
    'start',
    'demo',
    'migrate',
    'token create',
    ...['add', 'discover', 'list', 'show', 'suspend', 'resume', 'remove', 'repin'].map(
      (name) => `peer ${name}`,
    ),
    ...['list', 'show', 'start', 'inspect', 'redeem', 'complete', 'pause', 'resume', 'revoke', 'restore'].map(
      (name) => `link ${name}`,
    ),
    ...['send', 'list', 'show', 'evidence', 'get', 'recall', 'retry', 'cancel', 'inbox'].map(
      (name) => `document ${name}`,
    ),
    ...['template', 'propose', 'list', 'show', 'diff', 'accept', 'decline', 'terminate', 'evidence'].map(
      (name) => `agreement ${name}`,
    ),
    ...['list', 'rotate', 'retire'].map((name) => `keys ${name}`),
    'doctor',
    'version',
  ]) {
    t.ok(leaves.includes(expected), expected);
  }
  const manual = await readFile(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  for (const leaf of leaves)
    t.match(manual, new RegExp(`\\bintervault ${leaf}\\b`), `docs/operating.md has ${leaf}`);
});

t.test('the help tells the exit codes, and every role', async (t) => {
  t.match(await help([]), /Exit codes: 0 done; 1 failed/);
  const token = await help(['token', 'create']);
  for (const role of INSTITUTION_ROLES) t.match(token, role);
});

t.test('the completion codes in the examples are of the form that customers see', async (t) => {
  const manual = await readFile(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  for (const text of [await help(['link']), await help(['link', 'complete']), manual]) {
    const codes = [...text.matchAll(/ --code ([^<\s]\S*)/g)].map(([, code]) => code ?? '');
    t.ok(codes.length > 0);
    for (const code of codes) {
      t.ok(parseCompletionCode(code), code);
      t.match(code, /^.{5}-.{5}$/);
    }
  }
});
