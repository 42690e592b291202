const LINE_WIDTH = 110;

/** JSON as the formatter of this repository writes it, so that generated files pass the same check as the others. */
export function renderJson(value: unknown): string {
  return `${render(value, '', 0)}\n`;
}

/** `lead`: characters that stand before the value on its line. */
function render(value: unknown, indent: string, lead: number): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const flat = value.every((element) => element === null || typeof element !== 'object')
      ? `[${value.map((element) => JSON.stringify(element)).join(', ')}]`
      : undefined;
    // One more for the comma that may follow.
    if (flat !== undefined && indent.length + lead + flat.length + 1 <= LINE_WIDTH) return flat;
    return `[\n${value.map((element) => inner + render(element, inner, 0)).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return '{}';
  const lines = members.map(([name, member]) => {
    const key = `${JSON.stringify(name)}: `;
    return inner + key + render(member, inner, key.length);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
