import type { Test } from 'tap';
import { startVaultPage } from '../../examples/vault-page/vault-page.ts';
import { issueTestToken } from './api.ts';
import { freePort } from './program.ts';
import { type SlotPair, sql, startSlotPair } from './slot.ts';

export type ShownVault = SlotPair & {
  /** The example vault's page, at the host. */
  url: string;
  /** Where its browser may call. */
  origins: string[];
  /** The host's id of the customer. */
  customer: string;
  /** The institution's token, which no browser may ever see. */
  token: string;
};

/** A guest, a host, and the example vault's page in front of the host, for their one customer. */
export async function startShownVault(
  t: Test,
  options: Parameters<typeof startSlotPair>[1] = {},
): Promise<ShownVault> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const pair = await startSlotPair(t, {
    ...options,
    env: {
      guest: { INTERVAULT_ORGANIZATION_NAME: 'Banque Aubépine', ...options.env?.guest },
      host: {
        INTERVAULT_ORGANIZATION_NAME: 'Assurance B',
        INTERVAULT_VAULT_ORIGINS: url,
        ...options.env?.host,
      },
    },
  });
  const [row] = await sql(
    pair.host,
    'select c.id, c.reference from links l join customers c on c.id = l.customer_id where l.id = $1',
    [pair.link],
  );
  const token = await issueTestToken(pair.host, 'vault');
  const page = await startVaultPage({
    node: pair.host.url,
    token,
    name: 'Assurance B',
    port,
    user: { reference: String(row?.['reference']), name: 'Camille Martin' },
  });
  t.teardown(() => page.close());
  return { ...pair, url, origins: [url, pair.host.url], customer: String(row?.['id']), token };
}
