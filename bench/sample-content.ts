import { randomFillSync } from 'node:crypto';

const PDF_HEADER = '%PDF-1.7\n';

/** Bytes that pass for a PDF and compress no better than one: a header, then noise. */
export function sampleContent(sizeBytes: number): Buffer {
  const content = randomFillSync(Buffer.allocUnsafe(sizeBytes));
  content.write(PDF_HEADER, 'latin1');
  return content;
}

/** The same as a stream, however large, from one buffer. */
export async function* sampleStream(sizeBytes: number, chunkBytes = 64 * 1024): AsyncGenerator<Buffer> {
  const noise = sampleContent(chunkBytes);
  for (let left = sizeBytes; left > 0; left -= chunkBytes) {
    // Each chunk is another one, and none is copied by whoever reads it.
    const chunk = Buffer.from(noise.subarray(0, Math.min(left, chunkBytes)));
    if (left < sizeBytes) chunk.writeUInt32BE(left % 2 ** 32, 0);
    yield chunk;
  }
}

/** The fields of a document that every push of the bench carries. */
export const SAMPLE_FIELDS = {
  type: 'payroll.payslip',
  title: 'Bulletin de paie',
  issuedAt: '2026-11-30',
  language: 'fr',
} as const;
