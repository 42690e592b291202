import t from 'tap';
import { announceNode, runCommand } from '../support/cli.ts';
import { untilBooksAgree } from '../support/ledger.ts';
import { eventually, type TestNode } from '../support/node.ts';
import { sendAndWait, sql, startSlotPair } from '../support/slot.ts';

const pair = await startSlotPair(t);
const { guest, host, agreement } = pair;
for (const node of [guest, host]) await announceNode(node);
const run = (node: TestNode, ...args: string[]) => runCommand(node, ['ledger', ...args]);

t.test('before anything was counted', async (t) => {
  t.match(await run(guest, 'balance'), { code: 0, stdout: '', stderr: /no messages yet/ });
  t.match(await run(guest, 'entries'), { code: 1, stderr: /ledger\.account_not_found/ });
});

t.test('balances and entries', async (t) => {
  await sendAndWait(pair, { category: 'offer' });
  const { id } = await sendAndWait(pair);
  await untilBooksAgree(guest, host, agreement);
  t.match((await run(host, 'balance')).stdout, /\+4 .*throttle/);
  t.match(
    (await run(guest, 'balance', agreement.slice(0, 6))).stdout,
    /balance +-4: 127\.0\.0\.1|balance +-4/,
  );
  t.match((await run(guest, 'balance', host.url)).stdout, /the peer hosted +4 units in 2 entries/);
  t.match(JSON.parse((await run(host, 'balance', '--json')).stdout), { accounts: [{ balance: 4 }] });
  t.match((await run(host, 'entries')).stdout, new RegExp(`post .*\\+1 +4 +${id}`));
  t.match((await run(guest, 'entries', '--side', 'granted', '--json')).stdout, /"seq":2/);
  t.match(await run(guest, 'entries', '--side', 'granted', '--wrong'), {
    code: 0,
    stderr: /no such entries/,
  });
  t.match(await run(guest, 'reconcile'), { code: 0, stdout: /both books agree/ });
});

t.test('statements', async (t) => {
  t.match(await run(host, 'statement'), { code: 0, stderr: /no statements yet/ });
  const made = await run(host, 'statement', '--new');
  t.match(made.stdout, /1 +here +1 to 2 +0 +4/);
  t.match(made.stdout, /offer: 1 posted, 0 reversed, 3 units each/);
  t.match(made.stderr, /next: .*ledger statement/);
  await eventually(async () => /countersigned/.test((await run(host, 'statement')).stdout));
  t.match(
    (await run(guest, 'statement', '--side', 'granted', '--number', '1')).stdout,
    /ledger\.countersign/,
  );
  t.match(await run(host, 'statement', '--new'), { code: 1, stderr: /ledger\.nothing_new/ });
  const again = await run(guest, 'statement', '--side', 'granted', '--number', '1', '--countersign');
  t.match(again, { code: 0, stdout: /countersigned/ });
});

t.test('what is wrong ends with exit code 1', async (t) => {
  await sql(
    guest,
    `insert into ledger_disputes (agreement, role, seq, exchange, reason, raised_at)
     select agreement, role, seq, exchange, 'weight', now() from ledger_entries where role = 'guest' and seq = 1`,
  );
  t.match(await run(guest, 'reconcile'), { code: 1, stdout: /wrong in the peer’s book .*\+3 +weight/ });
  t.match((await run(guest, 'balance')).stdout, /1 disputed/);
});
