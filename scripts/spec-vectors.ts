import { mkdir, writeFile } from 'node:fs/promises';
import { agreementVectors } from './spec-vectors/agreements.ts';
import { base64urlVectors, entityIdVectors, strictJsonVectors } from './spec-vectors/encodings.ts';
import { entityConfigurationVectors } from './spec-vectors/entity-configurations.ts';
import { envelopeVectors } from './spec-vectors/envelopes.ts';
import { keyVectors } from './spec-vectors/keys.ts';
import { ledgerVectors } from './spec-vectors/ledger.ts';
import { linkTokenVectors, linkVectors } from './spec-vectors/links.ts';
import { manifestVectors } from './spec-vectors/manifests.ts';
import { evidenceVectors, receiptVectors, requestTokenVectors } from './spec-vectors/records.ts';
import { refusalVectors } from './spec-vectors/refusals.ts';
import { slotVectors } from './spec-vectors/slots.ts';

/** spec/vectors, one file a subject: `node scripts/spec-vectors.ts` writes them, a test compares them. */
export const VECTORS_FOLDER = new URL('../spec/vectors/', import.meta.url);

const FILES = {
  'agreements.json': agreementVectors,
  'base64url.json': base64urlVectors,
  'entity-configurations.json': entityConfigurationVectors,
  'entity-ids.json': entityIdVectors,
  'envelopes.json': envelopeVectors,
  'evidence-records.json': evidenceVectors,
  'keys.json': keyVectors,
  'ledger.json': ledgerVectors,
  'link-tokens.json': linkTokenVectors,
  'links.json': linkVectors,
  'manifests.json': manifestVectors,
  'receipts.json': receiptVectors,
  'refusals.json': refusalVectors,
  'request-tokens.json': requestTokenVectors,
  'slots.json': slotVectors,
  'strict-json.json': strictJsonVectors,
} as const;

/** The text of each file, by its name. */
export function renderVectors(): Map<string, string> {
  return new Map(Object.entries(FILES).map(([name, make]) => [name, `${JSON.stringify(make(), null, 2)}\n`]));
}

if (import.meta.main) {
  await mkdir(VECTORS_FOLDER, { recursive: true });
  for (const [name, text] of renderVectors()) await writeFile(new URL(name, VECTORS_FOLDER), text);
}
