/** What runs this program where it lies: from a clone, from an installed package, or as built (the container image). */
export function programAt(file: string): string {
  if (file.endsWith('.ts')) return 'npm run --silent intervault --';
  return /[\\/]node_modules[\\/]/.test(file) ? 'intervault' : 'node dist/main.js';
}

const PROGRAM = programAt(import.meta.filename);

/** A hint whose commands work when pasted here. */
export function asRunHere(hint: string, program = PROGRAM): string {
  return hint.replaceAll(
    /\bintervault (?=(?:start|doctor|migrate|token|peer|link|document|agreement|keys)\b)/g,
    () => `${program} `,
  );
}
