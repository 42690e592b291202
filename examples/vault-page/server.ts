// A vault's home page, with messages of institutions in it. README.md says how to run it.
import { startVaultPage } from './vault-page.ts';

const {
  VAULT_NODE,
  VAULT_TOKEN,
  VAULT_CUSTOMER,
  VAULT_PORT = '8090',
  VAULT_NAME = 'Assurance B',
} = process.env;
if (VAULT_NODE === undefined || VAULT_TOKEN === undefined || VAULT_CUSTOMER === undefined) {
  process.stderr.write('set VAULT_NODE, VAULT_TOKEN and VAULT_CUSTOMER: see README.md\n');
  process.exit(2);
}
const { url } = await startVaultPage({
  node: VAULT_NODE,
  token: VAULT_TOKEN,
  name: VAULT_NAME,
  port: Number(VAULT_PORT),
  user: { reference: VAULT_CUSTOMER, name: 'Camille Martin' },
});
process.stdout.write(`the vault's page: ${url}\n`);
