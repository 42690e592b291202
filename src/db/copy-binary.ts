/** The binary format of COPY (PostgreSQL manual, section "COPY", "Binary Format"). */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const FLAGS_BYTES = 4;
const EXTENSION_LENGTH_AT = SIGNATURE.length + FLAGS_BYTES;
const END = -1;
const NULL = -1;

/** The rows of one whole COPY, each its fields in order, as views on it; null for NULL. Throws a RangeError where it is cut. */
export function readTuples(copied: Buffer): (Buffer | null)[][] {
  if (!copied.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new Error('not a binary COPY');
  let at = EXTENSION_LENGTH_AT + 4 + copied.readInt32BE(EXTENSION_LENGTH_AT);
  const rows: (Buffer | null)[][] = [];
  for (;;) {
    const count = copied.readInt16BE(at);
    at += 2;
    if (count === END) return rows;
    const row: (Buffer | null)[] = [];
    for (let field = 0; field < count; field++) {
      const length = copied.readInt32BE(at);
      at += 4;
      if (length === NULL) {
        row.push(null);
        continue;
      }
      row.push(copied.subarray(at, at + length));
      at += length;
    }
    rows.push(row);
  }
}
