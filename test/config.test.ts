import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import t from 'tap';
import { CONFIG_DOCS_FILE, renderConfigDocs } from '../scripts/config-docs.ts';
import { type Config, describeConfig, loadConfig, redactedConfig } from '../src/config.ts';
import { CONFIG_TABLE } from '../src/config-table.ts';

const load = (env: Record<string, string>) => loadConfig(env, '/srv/node');

function accept(env: Record<string, string>): Config {
  const result = load(env);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

function refuse(env: Record<string, string>) {
  const result = load(env);
  return result.ok ? [] : result.problems;
}

t.test('an empty environment is a whole configuration', async (t) => {
  const config = accept({});
  t.match(config, {
    dataDir: '/srv/node/data',
    publicUrl: undefined,
    federation: false,
    allowInsecurePeers: false,
    listenHost: '127.0.0.1',
    port: 8080,
    managementHost: '127.0.0.1',
    managementPort: 9090,
    databaseUrl: undefined,
    maxDocumentBytes: 1024 ** 3,
    bodyMemoryBytes: 64 * 1024 ** 2,
    deliveryWindowDays: 7,
    contactEmails: [],
    trustProxy: [],
    tokenAudience: 'intervault-api',
    organizationName: 'unnamed',
  });
});

t.test('a public URL turns the federation on and opens the listener', async (t) => {
  t.match(accept({ INTERVAULT_PUBLIC_URL: 'https://Vault.Example.org:443/' }), {
    publicUrl: 'https://vault.example.org',
    federation: true,
    listenHost: '0.0.0.0',
    organizationName: 'vault.example.org',
  });
  t.equal(
    accept({ INTERVAULT_PUBLIC_URL: 'https://vault.example.org', INTERVAULT_LISTEN_HOST: '::1' }).listenHost,
    '::1',
  );
});

t.test('an empty value counts as absent, and blanks around a value are dropped', async (t) => {
  const config = accept({ INTERVAULT_PORT: ' ', DATABASE_URL: '', INTERVAULT_LOG_LEVEL: ' debug ' });
  t.equal(config.port, 8080);
  t.equal(config.databaseUrl, undefined);
  t.equal(config.logLevel, 'debug');
});

t.test('every integer is held to its range, on both sides', async (t) => {
  const integers = Object.entries(CONFIG_TABLE).filter(([, row]) => row.type === 'integer');
  t.ok(integers.length > 15);
  for (const [, row] of integers) {
    const { allowed } = row as { allowed: string };
    const [min = 0, max = 0] = allowed.split(' to ').map(Number);
    const bad = ['-1', '1.5', '1e3', '0x10', 'many', `${max + 1}`];
    if (min > 0) bad.push(`${min - 1}`);
    for (const text of bad) {
      t.match(refuse({ [row.variable]: text }), [{ variable: row.variable, hint: /whole number/ }], text);
    }
    const problems = [...refuse({ [row.variable]: `${min}` }), ...refuse({ [row.variable]: `${max}` })];
    for (const problem of problems) t.notMatch(problem.message, /below \d|above \d/);
  }
});

t.test('each kind refuses what it cannot mean, without repeating it', async (t) => {
  const cases: [string, string, RegExp][] = [
    ['INTERVAULT_ALLOW_INSECURE_PEERS', 'yes', /neither true nor false/],
    ['INTERVAULT_LOG_LEVEL', 'verbose', /choices/],
    ['INTERVAULT_ORGANIZATION_NAME', 'x'.repeat(201), /longer than 200/],
    ['INTERVAULT_ORGANIZATION_NAME', 'Banque\u0007A', /control character/],
    ['INTERVAULT_LISTEN_HOST', 'http://0.0.0.0', /host name/],
    ['INTERVAULT_LISTEN_HOST', '10.0.0', /host name/],
    ['INTERVAULT_PUBLIC_URL', 'vault.example.org', /not an http/],
    ['INTERVAULT_PUBLIC_URL', 'https://vault.example.org/node', /path/],
    ['INTERVAULT_PUBLIC_URL', 'https://user@vault.example.org', /more than scheme/],
    ['INTERVAULT_PUBLIC_URL', 'https://vault.example.org/?a=b', /more than scheme/],
    ['INTERVAULT_PUBLIC_URL', 'ftp://vault.example.org', /not an http/],
    ['INTERVAULT_PUBLIC_URL', `https://${'a'.repeat(2048)}.example`, /not an http/],
    ['INTERVAULT_TOKEN_JWKS_URL', 'https://idp.example/keys#1', /fragment/],
    ['INTERVAULT_CONTACT_EMAILS', 'ops@example.org, nobody', /entry 2 .*e-mail/],
    ['INTERVAULT_CONTACT_EMAILS', Array(33).fill('a@b.example').join(), /more than 32/],
    ['INTERVAULT_TRUST_PROXY', '10.0.0.0/8,proxy', /entry 2/],
    ['INTERVAULT_TRUST_PROXY', '0.0.0.0/0', /trusts every address/],
    ['INTERVAULT_TRUST_PROXY', '::/0', /trusts every address/],
    ['INTERVAULT_TLS_KEY_FILE', 'a\0b', /NUL/],
    ['DATABASE_URL', 'mysql://secret-word@db/x', /PostgreSQL URL/],
  ];
  for (const [variable, text, message] of cases) {
    const problems = refuse({ [variable]: text });
    t.match(problems, [{ variable, message, hint: /./ }], `${variable}=${text.slice(0, 40)}`);
    t.notMatch(JSON.stringify(problems), /secret-word/);
  }
  t.same(accept({ INTERVAULT_TRUST_PROXY: '10.0.0.0/8, ::1' }).trustProxy, ['10.0.0.0/8', '::1']);
  t.same(accept({ INTERVAULT_TRUST_PROXY: 'off' }).trustProxy, []);
});

t.test('values that contradict each other are refused', async (t) => {
  const cases: [Record<string, string>, string][] = [
    [{ INTERVAULT_PUBLIC_URL: 'http://vault.example.org' }, 'INTERVAULT_PUBLIC_URL'],
    [{ INTERVAULT_TLS_CERT_FILE: 'cert.pem' }, 'INTERVAULT_TLS_KEY_FILE'],
    [{ INTERVAULT_TLS_KEY_FILE: 'key.pem' }, 'INTERVAULT_TLS_CERT_FILE'],
    [{ INTERVAULT_TOKEN_ISSUER: 'https://idp.example' }, 'INTERVAULT_TOKEN_JWKS_URL'],
    [{ INTERVAULT_TOKEN_JWKS_URL: 'https://idp.example/k' }, 'INTERVAULT_TOKEN_ISSUER'],
    [
      { INTERVAULT_TOKEN_ISSUER: 'https://idp.example', INTERVAULT_TOKEN_JWKS_URL: 'HTTP://idp.example/k' },
      'INTERVAULT_TOKEN_JWKS_URL',
    ],
    [
      {
        INTERVAULT_PUBLIC_URL: 'https://v.example',
        INTERVAULT_TOKEN_ISSUER: 'https://v.example',
        INTERVAULT_TOKEN_JWKS_URL: 'https://v.example/k',
      },
      'INTERVAULT_TOKEN_ISSUER',
    ],
    [{ INTERVAULT_PEER_POLL_S: '3600' }, 'INTERVAULT_PEER_POLL_S'],
    [{ INTERVAULT_RETRY_BASE_MS: '2', INTERVAULT_RETRY_CAP_MS: '1' }, 'INTERVAULT_RETRY_BASE_MS'],
    [{ INTERVAULT_MANAGEMENT_PORT: '8080' }, 'INTERVAULT_MANAGEMENT_PORT'],
  ];
  for (const [env, variable] of cases)
    t.match(refuse(env), [{ variable, message: /./, hint: /./ }], variable);

  t.equal(
    accept({ INTERVAULT_PUBLIC_URL: 'http://127.0.0.1:8081', INTERVAULT_ALLOW_INSECURE_PEERS: 'true' })
      .publicUrl,
    'http://127.0.0.1:8081',
  );
  t.ok(accept({ INTERVAULT_PORT: '0', INTERVAULT_MANAGEMENT_PORT: '0' }));
});

t.test('a variable of ours that does not exist is refused, the nearest one named', async (t) => {
  t.match(refuse({ INTERVAULT_DATADIR: 'x' }), [
    { variable: 'INTERVAULT_DATADIR', hint: 'did you mean INTERVAULT_DATA_DIR?' },
  ]);
  t.match(refuse({ INTERVAULT_SOMETHING_ELSE_ALTOGETHER: 'x' }), [{ hint: /configuration\.md/ }]);
  t.ok(load({ HOME: '/root', intervault_port: 'x' }).ok, 'the rest of the environment is not ours');
});

t.test('all problems come at once', async (t) => {
  t.equal(refuse({ INTERVAULT_PORT: 'x', INTERVAULT_LOG_LEVEL: 'x', INTERVAULT_PROT: 'x' }).length, 3);
});

t.test('the configuration is frozen to the bottom', async (t) => {
  const config = accept({ INTERVAULT_CONTACT_EMAILS: 'a@b.example', DATABASE_URL: 'postgres://h/d' });
  t.throws(() => Object.assign(config, { port: 1 }), TypeError);
  t.throws(() => (config.contactEmails as string[]).push('x'), TypeError);
  t.throws(() => Object.assign(config.databaseUrl ?? {}, { reveal: () => 'x' }), TypeError);
});

t.test('the database password shows nowhere but where it is asked for', async (t) => {
  const url = 'postgresql://user:pass-word@db.example:5432/vault?sslpassword=pass-word';
  const config = accept({ DATABASE_URL: url });
  t.equal(config.databaseUrl?.reveal(), url);
  for (const copy of [config, { ...config, port: 1 }]) {
    t.notMatch(JSON.stringify(copy), /pass-word/);
    t.notMatch(inspect(copy, { depth: 9, showHidden: true }), /pass-word/);
    t.notMatch(`${copy.databaseUrl}`, /pass-word/);
  }
  t.equal(redactedConfig(config)['databaseUrl'], 'postgresql://***@db.example:5432/vault');
  const socket = accept({ DATABASE_URL: 'postgres:///vault?host=/run/pg&password=pass-word' });
  t.equal(redactedConfig(socket)['databaseUrl'], 'postgres:///vault');
  const odd = accept({ DATABASE_URL: 'postgres://user:pass-word@x?y#z@db/vault' });
  t.notMatch(JSON.stringify(redactedConfig(odd)), /pass-word/);
});

t.test('the documented table is the table', async (t) => {
  t.equal(await readFile(CONFIG_DOCS_FILE, 'utf8'), renderConfigDocs());
  const rows = describeConfig();
  t.equal(new Set(rows.map((row) => row.variable)).size, rows.length, 'no variable twice');
  for (const row of rows) t.match(row.description, /^[A-Z].*\.$/, row.variable);
});
