import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificate } from './certificate.ts';
import type { IndexEntry, SampleDocument } from './document.ts';
import { createInvoice } from './invoice.ts';
import { createPayslip } from './payslip.ts';
import { createStatement } from './statement.ts';

export const sampleDocuments: readonly SampleDocument[] = (['fr', 'en'] as const).flatMap((language) => [
  createInvoice(language),
  createStatement(language),
  createPayslip(language),
  createCertificate(language),
]);

/** Writes the eight PDFs and index.json into `directory`, made if absent; gives the index. */
export const writeSampleDocuments = async (directory: string): Promise<readonly IndexEntry[]> => {
  await mkdir(directory, { recursive: true });
  for (const { entry, render } of sampleDocuments) {
    await writeFile(join(directory, entry.file), await render());
  }
  const index = sampleDocuments.map(({ entry }) => entry);
  await writeFile(join(directory, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
  return index;
};
