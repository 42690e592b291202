import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { eventually } from '../support/node.ts';
import { startProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);

const shell = await run('bash', ['-c', 'command -v curl']).catch(() => undefined);
const skip = shell === undefined && 'there is no bash with curl here';

// Two whole demos, on a machine that may be busy.
t.setTimeout(720_000);

t.test('the lines that the demo leaves behind work when pasted', { skip, timeout: 360_000 }, async (t) => {
  const demo = startProgram(t, ['demo', '--keep', '--count', '2'], {});
  const handover = await eventually(
    async () => /The nodes stay up[\s\S]*type=text\/plain'\n/.exec(demo.stdout())?.[0],
    240_000,
  );
  const script = handover.slice(handover.indexOf('TOKEN_A='));
  const { stdout } = await run('bash', ['-c', script], { cwd: await tempDir(t) });
  t.match(stdout, /"documents":\[\{"id"/, 'what A sent');
  t.match(stdout, /"state":"received"/, 'what lies in the vault of B');
  t.match(stdout, /"state":"submitted"/, 'one more is accepted');
  t.notMatch(stdout, /"problem|urn:intervault:problem/, 'and nothing was refused');

  const url = /Assurance B: (\S+)/.exec(handover)?.[1] ?? '';
  const token = /TOKEN_B=(\S+)/.exec(handover)?.[1] ?? '';
  await eventually(async () => {
    const answer = await fetch(`${url}/v1/inbox?limit=10`, { headers: { authorization: `Bearer ${token}` } });
    const { documents } = (await answer.json()) as { documents: unknown[] };
    return documents.length === 3;
  }, 30_000);
  demo.signal('SIGINT');
  t.equal((await demo.ended).code, 0, 'Ctrl-C ends it');
});

t.test(
  'with --json stdout has the report alone, and the lines go to stderr',
  { timeout: 360_000 },
  async (t) => {
    const demo = startProgram(t, ['demo', '--keep', '--json', '--count', '2'], {});
    await eventually(async () => /The nodes stay up[\s\S]*type=text\/plain'\n/.test(demo.stderr()), 240_000);
    demo.signal('SIGINT');
    const { code, stdout } = await demo.ended;
    t.equal(code, 0);
    t.match(stdout, /^[^\n]+\n$/, 'one line');
    t.match(JSON.parse(stdout), {
      documents: 2,
      lost: 0,
      duplicates: 0,
      messages: 13,
      displayed: 12,
      refusedByCap: 1,
      throttled: 1,
      replies: 1,
      ledgerBalanced: true,
      statementsCountersigned: 3,
      killed: 2,
    });
  },
);
