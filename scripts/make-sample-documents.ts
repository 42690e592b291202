/**
 * Writes the sample PDFs that the demo pushes and `examples/documents/` holds. Deterministic: the committed files
 * change only when this code or pdfkit does.
 *
 *     node scripts/make-sample-documents.ts [DIRECTORY]
 */
import { join } from 'node:path';
import { writeSampleDocuments } from './sample-documents/write.ts';

const directory = process.argv[2] ?? join(import.meta.dirname, '../examples/documents');
const index = await writeSampleDocuments(directory);
process.stdout.write(`${index.map((entry) => join(directory, entry.file)).join('\n')}\n`);
