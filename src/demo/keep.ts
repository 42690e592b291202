import type { Party } from './setup.ts';

/** What a person needs to go on by hand: addresses, tokens, and lines that work when pasted. */
export async function printHandover(
  { a, b }: { a: Party; b: Party },
  out: { write(text: string): unknown },
): Promise<void> {
  const [tokenA, tokenB] = await Promise.all([a.institution.token('operator'), b.institution.token('vault')]);
  const pushing = await a.institution.token('integrator');
  const { links } = await a.integrator.get<{ links: { id: string }[] }>('/v1/links');
  const [link] = links;
  if (link === undefined) throw new Error('the demo has no link left');
  const { customerId } = await b.vault.get<{ customerId: string }>(`/v1/links/${link.id}`);
  out.write(
    `
The nodes stay up until Ctrl-C.

  ${a.institution.name}: ${a.institution.url}   ${b.institution.name}: ${b.institution.url}

TOKEN_A=${tokenA}
TOKEN_A_PUSH=${pushing}
TOKEN_B=${tokenB}

# what ${a.institution.name} sent
curl -s -H "Authorization: Bearer $TOKEN_A" '${a.institution.url}/v1/documents?limit=3'

# what lies in ${b.institution.name}'s vault
curl -s -H "Authorization: Bearer $TOKEN_B" '${b.institution.url}/v1/inbox?limit=3'

# what institutions show there to one customer, and what of it they learn
curl -s -H "Authorization: Bearer $TOKEN_B" '${b.institution.url}/v1/customers/${customerId}/feed?limit=3'
curl -s -H "Authorization: Bearer $TOKEN_B" '${b.institution.url}/v1/customers/${customerId}/learned?limit=3'

# the account that ${a.institution.name} and ${b.institution.name} keep of each other
curl -s -H "Authorization: Bearer $TOKEN_A" '${a.institution.url}/v1/ledger'

# push one more
printf 'Bonjour\\n' > bonjour.txt
curl -s -H "Authorization: Bearer $TOKEN_A_PUSH" '${a.institution.url}/v1/documents' \\
  -F 'metadata={"link":"${link.id}","type":"notice","title":"Bonjour","issuedAt":"2026-01-31","language":"fr"};type=application/json' \\
  -F 'file=@bonjour.txt;type=text/plain'
`,
  );
}
