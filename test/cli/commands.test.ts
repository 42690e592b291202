import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t from 'tap';
import { type CliContext, runCli } from '../../src/cli/index.ts';
import { nodeEnvironment, runProgram, startNodeProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

const PDF = path.join(import.meta.dirname, '..', '..', 'examples', 'documents', 'facture-fr.pdf');
const CONSENT = {
  jurisdiction: 'FR',
  method: 'web',
  purposes: ['Recevoir mes documents'],
  policyUrl: 'https://banque-a.example/vie-privee',
  services: ['Coffre'],
  sensitive: false,
};

/** Two nodes as their operators run them, and nothing but the program's own commands to bring them together. */
t.test('an operator’s day, by commands alone', { timeout: 240_000 }, async (t) => {
  const a = await nodeEnvironment(t, { env: { INTERVAULT_ORGANIZATION_NAME: 'Banque A' } });
  const b = await nodeEnvironment(t, { env: { INTERVAULT_ORGANIZATION_NAME: 'Assurance B' } });
  const work = await tempDir(t);
  const consent = path.join(work, 'consent.json');
  writeFileSync(consent, JSON.stringify(CONSENT));
  await Promise.all([startNodeProgram(t, a), startNodeProgram(t, b)]);
  const idA = a.INTERVAULT_PUBLIC_URL;
  const idB = b.INTERVAULT_PUBLIC_URL;

  const run = (env: Record<string, string>, args: string[], input = '') =>
    runProgram(t, args, env, { input });
  /** The JSON that a command answers with; it must be all that stdout has. */
  const json = async (env: Record<string, string>, args: string[], input = '') => {
    const { code, stdout, stderr } = await run(env, [...args, '--json'], input);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, never>;
  };

  const [previewB, previewA] = await Promise.all([
    json(a, ['peer', 'discover', idB]),
    json(b, ['peer', 'discover', idA]),
  ]);
  t.match(previewB, { id: idB, organizationName: 'Assurance B' });

  await t.test('peers are added with a pin, and only with the right one', async (t) => {
    const without = await run(a, ['peer', 'add', idB]);
    t.equal(without.code, 2);
    t.match(without.stderr, /usage\.pin: [\s\S]*hint: .*peer discover/);
    const wrong = await run(a, ['peer', 'add', idB, '--pin', previewA['signedBy'] ?? '', '--json']);
    t.equal(wrong.code, 1);
    t.match(JSON.parse(wrong.stdout), {
      error: { code: 'peer.pin_mismatch', message: new RegExp(String(previewB['signedBy'])) },
    });
    await Promise.all([
      json(a, ['peer', 'add', idB, '--pin', String(previewB['signedBy'])]),
      json(b, ['peer', 'add', idA, '--pin', String(previewA['signedBy'])]),
    ]);
    const list = await run(a, ['peer', 'list']);
    t.match(list.stdout, new RegExp(`^PEER +NAME +STATE.*\\n${idB} +Assurance B +active`));
    const again = await run(a, ['peer', 'add', idB, '--pin', String(previewB['signedBy'])]);
    t.equal(again.code, 1);
    t.match(again.stderr, /^peer\.exists: /);
    const show = await run(a, ['peer', 'show', `${idB}/`]);
    t.match(
      show.stdout,
      /state +active since .*\n[\s\S]*queue +empty\nbreaker +closed\nconfiguration +fresh/,
    );
    t.match(show.stdout, /KEY +PURPOSE +ALG +STATUS/);
  });

  let link = '';
  await t.test('a link is made by both sides, token and code in between', async (t) => {
    const started = await json(a, [
      ...['link', 'start', '--customer', 'C-1', '--peer', idB, '--holder', 'M. D••••', '--session', 'S'],
      ...['--return-url', 'http://banque-a.example/liens', '--consent', consent, '--give', 'billing.invoice'],
    ]);
    link = String(started['link']);
    t.match(await json(b, ['link', 'inspect'], started['token']), { link, holder: 'M. D••••' });
    const redeem = ['link', 'redeem', '--customer', '77', '--session', 'T', '--consent', consent];
    t.match(await json(b, redeem, started['token']), { link });
    let status: Record<string, string> = {};
    while (status['status'] !== 'confirmed') {
      status = await json(b, ['link', 'redemption', link, '--session', 'T']);
      if (status['status'] === 'refused') throw new Error(status['reason']);
    }
    const wrong = await run(a, [
      'link',
      'complete',
      link,
      '--customer',
      'C-1',
      '--session',
      'S',
      '--code',
      'AAAAA-AAAAA',
    ]);
    t.equal(wrong.code, 1, 'a wrong code is refused, and no matter of credentials');
    t.match(wrong.stderr, /^link\.code: /);
    const code = String(status['code']);
    t.match(
      await json(a, ['link', 'complete', link, '--customer', 'C-1', '--session', 'S', '--code', code]),
      { id: link, state: 'active' },
    );
    t.match(
      (await run(a, ['link', 'list'])).stdout,
      new RegExp(`${link} +active +Assurance B +C-1 +here +out 1`),
    );
    t.match((await run(a, ['link', 'show', link])).stdout, /they may take +billing\.invoice/);
    t.match(await json(a, ['link', 'find', 'C-1']), { links: [{ id: link }] });
    t.match(await json(a, ['link', 'pause', link]), { state: 'paused' });
    t.match(await json(a, ['link', 'resume', link]), { state: 'active' });
  });

  let sent = '';
  await t.test('a document goes, and what it leaves is proven', async (t) => {
    const refused = await run(a, ['document', 'send', PDF, '--link', link, '--type', 'payroll.payslip']);
    t.equal(refused.code, 1);
    t.match(refused.stderr, /^link\.scope: [\s\S]*hint: .*link show/);
    const answer = await json(a, [
      'document',
      'send',
      PDF,
      '--link',
      link,
      '--type',
      'billing.invoice',
      '--wait',
    ]);
    t.match(answer, { state: /^(accepted|consigned)$/, file: { name: 'facture-fr.pdf' } });
    sent = String(answer['id']);
    t.match((await run(a, ['document', 'list'])).stdout, new RegExp(`${sent} +accepted +billing\\.invoice`));
    t.match(
      (await run(a, ['document', 'show', sent])).stdout,
      /title +facture-fr\n[\s\S]*SHA-256 +[0-9a-f]{64}/,
    );

    const evidence = await run(a, ['document', 'evidence', sent]);
    t.equal(evidence.code, 0);
    for (const event of ['SubmissionAcceptance', 'Envelope', 'RelayAcceptance', 'ReceiptStored']) {
      t.match(evidence.stdout, new RegExp(`^holds .* ${event} `, 'm'), event);
    }
    t.match(evidence.stdout, /The chain holds: the recipient accepted the document/);
    t.match(await json(a, ['document', 'evidence', sent]), { holds: true, outcome: 'accepted', missing: [] });

    const inbox = await json(b, ['document', 'inbox']);
    const [received] = inbox['documents'] as unknown as { id: string }[];
    const theirs = await run(b, ['document', 'evidence', received?.id ?? '']);
    t.equal(theirs.code, 0, theirs.stderr);
    t.match(
      theirs.stdout,
      /^holds .* RelayAcceptance [\s\S]*The chain holds/m,
      'the recipient proves the same',
    );
    const [here, there] = [path.join(work, 'a.pdf'), path.join(work, 'b.pdf')];
    t.match(
      (await run(a, ['document', 'get', sent, '-o', here])).stdout,
      /a\.pdf: facture-fr\.pdf, .* SHA-256 /,
    );
    await json(b, ['document', 'get', received?.id ?? '', '-o', there]);
    t.ok(readFileSync(here).equals(readFileSync(PDF)));
    t.ok(readFileSync(there).equals(readFileSync(PDF)));
    t.equal(statSync(there).mode & 0o777, 0o600, 'a customer’s document is not for everybody on the machine');
    const again = await run(b, ['document', 'get', received?.id ?? '', '-o', there]);
    t.equal(again.code, 2, 'a file that is there is not overwritten');
    t.match(await json(a, ['document', 'recall', sent, '--reason', 'error']), { id: sent });
    const cancel = await run(a, ['document', 'cancel', sent]);
    t.equal(cancel.code, 1);
    t.match(cancel.stderr, /^document\.state: /);
  });

  await t.test('suspended, resumed, rotated', async (t) => {
    t.match(await json(a, ['peer', 'suspend', idB, '--reason', 'doubt']), {
      state: 'suspended',
      stateReason: 'doubt',
    });
    t.match(await json(a, ['peer', 'resume', idB]), { state: 'active' });
    const made = await json(a, ['keys', 'rotate']);
    t.match(made, { purpose: 'exchange', state: 'pending' });
    t.equal((await run(a, ['keys', 'rotate'])).code, 1, 'one at a time');
    t.match(await json(a, ['keys', 'retire', String(made['kid'])]), { state: 'historical' });
    t.match(await json(a, ['keys', 'rotate', 'kek']), { epochs: [{}, { state: 'active' }] });
    t.match((await run(a, ['keys', 'list'])).stdout, /KEY +PURPOSE[\s\S]*KEY-ENCRYPTION KEY +STATE/);
  });

  await t.test('the doctor finds everything in order', async (t) => {
    // A clone of the test run's server, which is made not to be durable.
    const report = await run(a, ['doctor', '--json']);
    const { findings } = JSON.parse(report.stdout) as { findings: { check: string; status: string }[] };
    const status = Object.fromEntries(findings.map((finding) => [finding.check, finding.status]));
    t.match(status, {
      node: 'ok',
      keys: 'ok',
      database: 'ok',
      migrations: 'ok',
      durability: 'failed',
      clock: 'ok',
      'keys in use': 'ok',
      disk: 'ok',
      'public URL': 'ok',
      [`peer ${idB}`]: 'ok',
    });
    t.equal(report.code, 1, 'a server that loses what it acknowledged is no database for this');
  });

  await t.test('credentials and addresses that are not right', async (t) => {
    const wrong = await run(a, ['peer', 'list', '--url', idA, '--token', 'x.y.z']);
    t.equal(wrong.code, 5);
    t.match(wrong.stderr, /^auth\.invalid: /);
    const { stdout: token } = await run(a, ['token', 'create', '--role', 'auditor']);
    const denied = await run({ ...a, INTERVAULT_API_URL: idA, INTERVAULT_API_TOKEN: token.trim() }, [
      'keys',
      'rotate',
    ]);
    t.equal(denied.code, 5);
    t.match(denied.stderr, /^auth\.forbidden: /);
    const nobody = await run(a, ['peer', 'list', '--url', 'http://127.0.0.1:1', '--token', 'x']);
    t.equal(nobody.code, 4);
    t.match(nobody.stderr, /^node\.unreachable: No node answers at http:\/\/127\.0\.0\.1:1/);
    t.equal((await run(a, ['peer', 'list', '--url', idA])).code, 2, 'a URL without a token');
  });
});

t.test('without a node, and with a wrong configuration', async (t) => {
  const env = await nodeEnvironment(t, { database: 'embedded' });
  const list = await runProgram(t, ['peer', 'list'], env);
  t.equal(list.code, 4);
  t.match(
    list.stderr,
    /^node\.not_running: [\s\S]*hint: start it with `npm run --silent intervault -- start`/,
  );

  const filter = await runProgram(t, ['document', 'inbox', '--filter', 'bad'], env);
  t.equal(filter.code, 2);
  t.match(filter.stderr, /^usage\.filter: bad .*\nhint: .*--filter type=/);

  const doctor = await runProgram(t, ['doctor'], env);
  t.equal(doctor.code, 1, 'nobody answers at its public URL');
  t.match(doctor.stdout, /^- +node +no node runs on/);
  t.match(doctor.stdout, /^FAIL +public URL .*: fetch\.connect/m);
  t.notOk(statSync(path.join(env.INTERVAULT_DATA_DIR, 'keys'), { throwIfNoEntry: false }), 'it made nothing');

  const bad = await runProgram(t, ['doctor', '--json'], {
    ...env,
    INTERVAULT_PORT: 'x',
    INTERVAULT_PROT: '1',
  });
  t.equal(bad.code, 3);
  t.match(JSON.parse(bad.stdout), {
    error: { code: 'config.invalid', message: /did you mean INTERVAULT_PORT\?\n +INTERVAULT_PORT is not/ },
  });

  const usage = await runProgram(t, ['peer', 'frobnicate'], env);
  t.equal(usage.code, 2);
  t.match(usage.stderr, /unknown command/);
});

t.test('a demo of files that are not there, or that no vault takes', async (t) => {
  const missing = await runProgram(t, ['demo', '/nonexistent', '--json'], {});
  t.equal(missing.code, 2);
  t.match(missing.stderr, /^demo\.file: \/nonexistent is not there\nhint: name files/);
  t.match(JSON.parse(missing.stdout), { error: { code: 'demo.file', hint: /./ } });
  const empty = await runProgram(t, ['demo', await tempDir(t)], {});
  t.equal(empty.code, 2);
  t.match(empty.stderr, /^demo\.file: there is nothing to push/);
});

t.test('what takes longer than two seconds says so', async (t) => {
  const said: string[] = [];
  const context = {
    out: () => {},
    err: (text: string) => said.push(text),
    loadConfig: () => ({ ok: true, config: {} }),
    migrateDatabase: async () => {
      await new Promise((resolve) => setTimeout(resolve, 2_200));
      return { applied: [], version: 1 };
    },
  } as unknown as CliContext;

  const server = createServer((_request, response) => {
    setTimeout(() => {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      response.end('{"code":"document.unknown","title":"This node has no such document","status":404}');
    }, 1_200);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const evidence = ['document', 'evidence', '0190b0a2', '--url', url, '--token', 'x'];

  t.same(await Promise.all([runCli(['migrate'], context), runCli(evidence, context)]), [0, 1]);
  // A timer may fire a fraction of a millisecond early, and seconds are rounded down.
  t.match(said.join('\n'), /^bringing the database to this version… [12] s$/m);
  t.match(said.join('\n'), /^checking the evidence… [12] s\ndocument\.unknown: /m);
});
