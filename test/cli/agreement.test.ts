import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { AgreementTerms } from '../../src/protocol/agreement/terms.ts';
import { agree, termsBetween, untilAgreement } from '../support/agreement.ts';
import { announceNode, runCommand } from '../support/cli.ts';
import { eventually, peerNodes, startTestNode, type TestNode } from '../support/node.ts';
import { runProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

async function startNamed(name: string): Promise<TestNode> {
  const node = await startTestNode(t, { env: { INTERVAULT_ORGANIZATION_NAME: name } });
  await announceNode(node);
  return node;
}

const [a, b, c] = [
  await startNamed('Banque A'),
  await startNamed('Assurance B'),
  await startNamed('Mutuelle C'),
];
await peerNodes(a, b);
await peerNodes(a, c);
const work = await tempDir(t);

const run = (node: TestNode, args: string[]) => runCommand(node, ['agreement', ...args]);

/** The JSON that a command answers with; it must be all that stdout has. */
async function json(node: TestNode, args: string[]) {
  const { code, stdout, stderr } = await run(node, [...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, never>;
}

function termsFile(terms: object): string {
  const file = path.join(work, 'terms.json');
  writeFileSync(file, JSON.stringify(terms));
  return file;
}

let first = '';
let terms: AgreementTerms;

t.test('from a template to an agreement', { timeout: 120_000 }, async (t) => {
  const none = await run(a, ['list']);
  t.equal(none.stdout, '');
  t.match(none.stderr, /no agreements yet: .* agreement template PEER/);

  const template = await run(a, ['template', `${b.url}/`]);
  t.match(template.stderr, new RegExp(`agreement propose ${b.url} --terms terms.json`));
  const file = path.join(work, 'template.json');
  writeFileSync(file, template.stdout);
  t.same(Object.keys(JSON.parse(template.stdout).hosts), [a.url, b.url]);
  t.equal((await run(a, ['template', 'https://nobody.example'])).code, 1);
  t.match((await run(a, ['propose', b.url, '--terms', file, '--amend'])).stderr, /^agreement\.none: /);

  const proposed = await run(a, ['propose', b.url, '--terms', file, '--note', 'Comme convenu']);
  t.equal(proposed.code, 0, proposed.stderr);
  t.match(proposed.stdout, /^agreement +\S{43}\nstate +open; awaits the peer, expires in 13 d\n/);
  t.match(proposed.stderr, /Assurance B may accept it until .*\nnext: .* agreement show \S{43}$/m);
  const [, withdrawn = ''] = /^agreement +(\S+)/.exec(proposed.stdout) ?? [];
  await untilAgreement(b, withdrawn, 'open');

  const again = await run(a, ['propose', b.url, '--terms', file]);
  t.equal(again.code, 1);
  t.match(again.stderr, /^agreement\.open: [\s\S]*hint: .*agreement list --state open.*agreement decline/);
  const gone = await run(a, ['decline', withdrawn, '--note', 'Une erreur']);
  t.match(gone.stdout, /^state +withdrawn$/m);
  t.match(gone.stderr, /your own proposal, and is withdrawn; Assurance B is told/);

  // Already in effect, so that what follows does not depend on today.
  terms = { ...JSON.parse(template.stdout), effectiveFrom: '2026-01-01T00:00:00Z' };
  const piped = ['agreement', 'propose', b.url, '--terms', '-', '--expires-at', inDays(3), '--json'];
  const { stdout } = await runProgram(t, piped, a.env, { input: JSON.stringify(terms) });
  const answer = JSON.parse(stdout);
  first = String(answer['id']);
  t.match(answer, { state: 'open', proposer: 'self', expiresAt: new RegExp(`^${inDays(3)}T00:00:00`) });
  await untilAgreement(b, first, 'open');
  await untilAgreement(b, withdrawn, 'withdrawn');

  const row = new RegExp(`^${first} +Banque A +there +open +— +awaits your answer, expires in [23] d$`, 'm');
  t.match((await run(b, ['list'])).stdout, row);
  t.match(
    (await run(a, ['list', '--state', 'open'])).stdout,
    new RegExp(`^${first} .* awaits the peer`, 'm'),
  );
  const shown = await run(b, ['show', first.slice(0, 8)]);
  t.match(shown.stdout, /^Banque A takes in from us\n {2}documents +billing\.invoice, /m);
  t.match(shown.stdout, /^ +at most 100 000 and 50 GB a calendar month$/m);
  t.match(
    shown.stdout,
    /^ +a customer gets at most 2 in any week of one category in this slot, counted when placed$/m,
  );
  t.match(shown.stdout, /^ +contact units +service 0, advice 1, offer 3, survey 2 for a message$/m);
  t.match(
    shown.stderr,
    new RegExp(`agreement accept ${first}\\n.*decline ${first}.*\\n.*--counter ${first}`),
  );

  const signed = await run(b, ['accept', first]);
  t.match(signed.stdout, /^state +(accepting; awaits the peer's receipt|current)$/m);
  await untilAgreement(b, first, 'agreed');
  t.match(await json(b, ['show', first]), { id: first, state: 'agreed', standing: 'current', terms });
  t.match((await run(b, ['show', first])).stdout, /^\S+ \S+ +here +agreement\.accept +accepted +/m);
});

t.test('it is amended, and countered', { timeout: 120_000 }, async (t) => {
  const unnamed = await run(b, ['propose', a.url, '--terms', termsFile(terms)]);
  t.equal(unnamed.code, 1);
  t.match(unnamed.stderr, /^agreement\.exists: .*\nhint: add --amend/);

  const current = await run(b, ['show', first, '--terms']);
  const printed = JSON.parse(current.stdout) as AgreementTerms;
  t.same(printed, terms);
  t.same(Object.keys(printed), Object.keys(terms), 'in the order in which it was written');
  const grant = terms.hosts[a.url];
  const { quality: _quality, ...without } = {
    ...terms,
    noticeDays: 1,
    hosts: { ...terms.hosts, [a.url]: {} },
  };
  const args = ['propose', a.url, '--terms', termsFile(without), '--amend'];
  const asked = String((await json(b, args))['id']);
  await untilAgreement(a, asked, 'open');

  const diff = await run(a, ['diff', asked]);
  const host = `/hosts/${a.url.replaceAll('/', '~1')}`;
  t.same(diff.stdout.trimEnd().split('\n'), [
    '/noticeDays  90 -> 1',
    `${host}/documents  ${JSON.stringify(grant?.documents)} -> nothing`,
    `${host}/slots  ${JSON.stringify(grant?.slots)} -> nothing`,
    '/quality  {"displayedPercent":40} -> nothing',
  ]);
  t.match(diff.stderr, `changes of ${asked} against ${first}`);
  t.match(await json(a, ['diff', first, asked]), {
    agreement: first,
    against: asked,
    changes: [{ pointer: '/noticeDays', from: 1, to: 90 }, {}, {}, { pointer: '/quality', to: {} }],
  });
  t.equal((await run(a, ['diff', first])).code, 2, 'a first version replaces nothing');

  const counter = ['propose', b.url, '--terms', termsFile({ ...terms, noticeDays: 1 }), '--counter'];
  const second = await json(a, [...counter, asked.slice(0, 6)]);
  t.match(second, { replaces: first, declines: asked }, 'it replaces what the countered one would have');
  const id = String(second['id']);
  await untilAgreement(b, id, 'open');
  t.match(await json(b, ['accept', id]), { id });
  await untilAgreement(b, id, 'agreed');
  t.match((await json(a, ['list', '--state', 'current']))['agreements'], [{ id }]);
  t.match(
    (await run(a, ['list', '--state', 'draining'])).stdout,
    new RegExp(`^${first} .* over for good in`, 'm'),
  );
  t.match((await run(a, ['list', '--peer', c.url])).stderr, /^no such agreements/);
  first = id;
});

t.test('a peer’s proposal is declined with a word', { timeout: 60_000 }, async (t) => {
  const args = ['propose', a.url, '--terms', termsFile(terms), '--amend', first, '--json'];
  const id = String(JSON.parse((await run(b, args)).stdout).id);
  await untilAgreement(a, id, 'open');
  const declined = await run(a, ['decline', id, '--note', 'Pas avant janvier']);
  t.match(declined.stdout, /^state +declined$/m);
  t.match(declined.stderr, /^declined; Assurance B is told/);
  await untilAgreement(b, id, 'declined');
  t.match((await run(a, ['accept', id])).stderr, /^agreement\.closed: .*\nhint: .*agreement show/);
});

t.test('what is not acceptable is told with its place', { timeout: 60_000 }, async (t) => {
  const refused = async (wrong: object) => {
    const { code, stderr } = await run(a, ['propose', c.url, '--terms', termsFile(wrong)]);
    t.equal(code, 1);
    return stderr;
  };
  const fit = termsBetween(a, c);
  t.match(
    await refused({ ...fit, drainDays: 0 }),
    /^agreement\.terms: .*must be >= 1, at \/drainDays of \S+terms\.json, which is 0\nhint: .*agreement template/,
  );
  t.match(
    await refused({ ...fit, drain: 3 }),
    /additional properties, at \/drain of \S+terms\.json, which is 3\n/,
  );
  t.match(
    await refused({ ...fit, hosts: terms.hosts }),
    /is not one of the two, at \/hosts of \S+terms\.json\n/,
  );
  const { drainDays: _drainDays, ...less } = fit;
  t.match(await refused(less), /property 'drainDays', at the top of \S+terms\.json\n/);

  const stranger = await run(a, ['propose', 'https://nobody.example', '--terms', termsFile(fit), '--json']);
  t.match(JSON.parse(stranger.stdout), { error: { code: 'agreement.peer', hint: /peer list/ } });
  const late = await run(a, ['propose', c.url, '--terms', termsFile(fit), '--expires-at', inDays(20)]);
  t.match(late.stderr, /^agreement\.input: .*within 14 days \(at \/expiresAt\)/);
  const broken = path.join(work, 'broken.json');
  writeFileSync(broken, '{');
  const unreadable = await run(a, ['propose', c.url, '--terms', broken]);
  t.equal(unreadable.code, 2);
  t.match(unreadable.stderr, /^usage\.json: .* is not JSON\nhint: such as what `.*agreement template/);
  t.equal((await run(a, ['propose', c.url])).code, 2, 'no terms');
});

t.test('an id is whole, or the beginning of one', { timeout: 60_000 }, async (t) => {
  for (const [id, code, said] of [
    ['A'.repeat(43), 1, /^agreement\.not_found: .*\nhint: .*agreement list/],
    ['-zzzzz', 1, /^agreement\.not_found: no agreement version begins with -zzzzz\n/],
    ['zz', 2, /^usage\.agreement: zz is not the id of an agreement\nhint: .*first 6/],
  ] as const) {
    const answer = await run(a, ['show', id]);
    t.equal(answer.code, code, id);
    t.match(answer.stderr, said);
  }
  t.match(await run(a, ['show', first, '--terns']), { code: 2, stderr: /too many arguments.*--terns/ });
});

t.test('it ends, after its notice', { timeout: 60_000 }, async (t) => {
  const early = await run(a, ['terminate', first, '--ends-at', new Date().toISOString().slice(0, 10)]);
  t.equal(early.code, 1);
  t.match(early.stderr, /^agreement\.notice: .*\nhint: .*agreement show/);
  t.equal((await run(a, ['terminate', first, '--ends-at', 'tomorrow'])).code, 2);

  const ended = await run(a, ['terminate', first.slice(0, 10), '--note', 'Fin du partenariat']);
  t.equal(ended.code, 0, ended.stderr);
  t.match(ended.stdout, /^state +current; ends in \d+ d$/m);
  t.match(ended.stderr, /^the agreement ends .*until then all goes on/);
  await eventually(async () => (await a.agreements.show(first)).terminations[0]?.acknowledged === true);
  t.match(
    (await run(a, ['show', first])).stdout,
    /^ {2}here, \S+ \S+; to end .*; “Fin du partenariat”; the peer has taken note$/m,
  );
  t.match((await json(b, ['show', first]))['terminations'], [{ by: 'peer', note: 'Fin du partenariat' }]);
  t.match(
    (await run(b, ['propose', a.url, '--terms', termsFile(terms), '--amend'])).stderr,
    /^agreement\.none: /,
  );
  const named = await run(b, ['propose', a.url, '--terms', termsFile(terms), '--amend', first]);
  t.match(named.stderr, /^agreement\.ended: .*\nhint: .*without --amend/);
});

t.test('what both signed is proven', { timeout: 60_000 }, async (t) => {
  const id = await agree(a, c);
  const evidence = await run(c, ['evidence', id]);
  t.equal(evidence.code, 0, evidence.stderr);
  t.match(evidence.stdout, /^signs +this version: /m);
  t.match(evidence.stdout, /^holds .* AgreementChanged +the version is agreed from then on$/m);
  t.match(evidence.stdout, /^All of it holds\.$/m);
  t.match(await json(a, ['evidence', id]), {
    agreement: id,
    holds: true,
    exchanges: [
      {
        act: 'agreement.propose',
        iss: a.url,
        holds: true,
        outcome: 'accepted',
        envelope: /^ey/,
        missing: [],
      },
      { act: 'agreement.accept', iss: c.url, holds: true, outcome: 'accepted', records: [{}, {}] },
    ],
  });
  await a.db.withClient((client) =>
    client.query(`delete from evidence_records where event = 'ReceiptStored'`),
  );
  const broken = await run(a, ['evidence', id]);
  t.equal(broken.code, 1);
  t.match(broken.stdout, /^MISSING chain\.receipt_stored: [\s\S]*DOES NOT HOLD/m);
  t.match(broken.stderr, /^evidence\.broken: /m);
});

/** A day from now, as an option takes it. */
function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
