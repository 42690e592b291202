import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { announceNode, runCommand } from '../support/cli.ts';
import { sendAndWait, startSlotPair } from '../support/slot.ts';
import { tempDir } from '../support/temp-dir.ts';

t.test('the relationship report, as a table and in files', async (t) => {
  const pair = await startSlotPair(t);
  await announceNode(pair.guest);
  await sendAndWait(pair);
  const month = new Date().toISOString().slice(0, 7);
  const run = (...args: string[]) =>
    runCommand(pair.guest, ['report', 'relationship', pair.host.url, '--from', month, ...args]);

  const table = await run();
  t.equal(table.code, 0, table.stderr);
  t.match(table.stdout, /^figure +hosted here +hosted by the peer$/m);
  t.match(table.stdout, /^contacts +0 +1$/m);
  t.match(table.stdout, /^opted out +— +—$/m, 'not told of one customer');
  t.match(table.stdout, /^tolerance +/m);
  t.match(table.stdout, /^of those institutions, here +—/m);
  t.match(JSON.parse((await run('--json')).stdout), { granted: { contacts: 1 } });

  const folder = await tempDir(t);
  const page = path.join(folder, 'rapport.html');
  const written = await run('--format', 'html', '--lang', 'fr', '--output', page);
  t.equal(written.code, 0, written.stderr);
  t.match(await readFile(page, 'utf8'), /<title>Rapport de relation/);
  t.match((await run('--format', 'csv')).stdout, /^peer,from,to,section,figure,unit,value/);

  t.match(await run('--output', page), { code: 2, stderr: /^usage.format/ });
  t.match(await run('--to', '2020-01'), { code: 1, stderr: /^report.input/ });
  const nobody = ['report', 'relationship', 'https://nobody.example', '--from', month];
  t.match(await runCommand(pair.guest, nobody), { code: 1, stderr: /^peer.not_found/ });
});
