import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { linkByCommands } from '../support/linked-programs.ts';
import { freePort, nodeEnvironment, runProgram, startNodeProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

const PDF = path.join(import.meta.dirname, '..', '..', 'examples', 'documents', 'facture-fr.pdf');

/** A certificate for localhost that its own key signed, fresh for each run. */
function makeCertificate(dir: string): { cert: string; key: string } | undefined {
  const [cert, key] = [path.join(dir, 'cert.pem'), path.join(dir, 'key.pem')];
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-keyout', key, '-out', cert, '-days', '30', '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=DNS:localhost'],
      ],
      { stdio: 'pipe' },
    );
    return { cert, key };
  } catch {
    return undefined;
  }
}

async function tlsEnvironment(t: Test) {
  const port = await freePort();
  return nodeEnvironment(t, {
    env: {
      INTERVAULT_PUBLIC_URL: `https://localhost:${port}`,
      INTERVAULT_PORT: String(port),
      INTERVAULT_TLS_CERT_FILE: files.cert,
      INTERVAULT_TLS_KEY_FILE: files.key,
      // For the loopback address alone: the ids are https, and so is everything between the two.
      INTERVAULT_ALLOW_INSECURE_PEERS: 'true',
    },
  });
}

const files = makeCertificate(await tempDir(t)) ?? { cert: '', key: '' };
const skip = files.cert === '' ? 'openssl is not here to make a certificate' : false;

t.test(
  'two nodes that serve https exchange a document, once they trust the certificate',
  { timeout: 180_000, skip },
  async (t) => {
    const work = await tempDir(t);
    const trusting = { NODE_EXTRA_CA_CERTS: files.cert };
    const a = { ...(await tlsEnvironment(t)), ...trusting };
    const b = { ...(await tlsEnvironment(t)), ...trusting };
    await Promise.all([startNodeProgram(t, a), startNodeProgram(t, b)]);

    const { link, json } = await linkByCommands(t, { a, b });
    const about = ['--link', link, '--type', 'billing.invoice', '--wait'];
    const sent = await json(a, ['document', 'send', PDF, ...about]);
    t.equal(sent['state'], 'accepted');
    const saved = path.join(work, 'saved.pdf');
    const inbox = (await json(b, ['document', 'inbox'])) as unknown as { documents: { id: string }[] };
    await json(b, ['document', 'get', inbox.documents[0]?.id ?? '', '-o', saved]);
    t.ok(readFileSync(saved).equals(readFileSync(PDF)));

    const report = (await runProgram(t, ['doctor', '--json'], a)).stdout;
    const { findings } = JSON.parse(report) as {
      findings: { check: string; status: string; detail: string }[];
    };
    const found = Object.fromEntries(findings.map((finding) => [finding.check, finding]));
    t.match(found, {
      'public URL': { status: 'ok' },
      certificate: { status: 'ok', detail: /valid for another 29 d/ },
    });
  },
);

t.test('who does not trust the certificate exchanges nothing', { timeout: 120_000, skip }, async (t) => {
  const [a, b] = [await tlsEnvironment(t), await tlsEnvironment(t)];
  await Promise.all([startNodeProgram(t, a), startNodeProgram(t, b)]);
  // The command itself trusts the certificate of the node beside it, and asks it over https.
  const refused = await runProgram(t, ['peer', 'discover', b.INTERVAULT_PUBLIC_URL], a);
  t.equal(refused.code, 1);
  t.match(refused.stderr, /^peer\.unreachable: .*fetch\.tls/);
});
