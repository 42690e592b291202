import { stripTypeScriptTypes } from 'node:module';

export type CodeText = {
  /** The program without types and comments; the n-th string literal stands as "n". */
  code: string;
  strings: string[];
};

const WORDS_BEFORE_REGEX =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|yield|await)$/;

/**
 * What a TypeScript file runs: `import type` and the like are gone, and neither a comment nor a string can be
 * taken for code.
 */
export function readCode(source: string): CodeText {
  const text = stripTypeScriptTypes(source);
  const strings: string[] = [];
  let code = '';
  let at = 0;
  // Depth of braces in each template literal we are inside of; `}` at depth 0 returns to its text.
  const templates: number[] = [];

  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? text[at] ?? '';
    at += found.length;
    return found;
  };
  const takeTemplateText = () => {
    take(/(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y);
    if (text[at] === '`') at++;
    else if (text.startsWith('${', at)) {
      at += 2;
      templates.push(0);
      code += ' (';
      return;
    }
    code += ' ';
  };

  while (at < text.length) {
    const char = text[at] ?? '';
    const depth = templates.at(-1);
    if (text.startsWith('//', at)) take(/\/\/[^\n]*/y);
    else if (text.startsWith('/*', at)) {
      take(/\/\*[\s\S]*?\*\//y);
      code += ' ';
    } else if (char === "'" || char === '"') {
      const literal = take(/'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y);
      code += `"${strings.push(literal.slice(1, -1)) - 1}"`;
    } else if (char === '`') {
      at++;
      takeTemplateText();
    } else if (char === '}' && depth === 0) {
      templates.pop();
      at++;
      code += ')';
      takeTemplateText();
    } else if (char === '/' && startsRegex(code)) {
      take(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y);
      code += ' 0 ';
    } else {
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
      code += char;
      at++;
    }
  }
  return { code, strings };
}

function startsRegex(codeBefore: string): boolean {
  const before = codeBefore.trimEnd();
  return before === '' || /[(,=:[!&|?{};+\-*%<>~^]$/.test(before) || WORDS_BEFORE_REGEX.test(before);
}

/** The modules a file loads when it runs, statically or by `import('…')`. */
export function readImports(source: string): string[] {
  const { code, strings } = readCode(source);
  const found = [
    ...code.matchAll(/(?<![\w$.])(?:import|export)\s[^"();]*?\bfrom\s*"(\d+)"/g),
    ...code.matchAll(/(?<![\w$.])import\s*\(?\s*"(\d+)"/g),
    ...code.matchAll(/(?<![\w$.])(?:import|export)\s*[{*][^"();]*?\bfrom\s*"(\d+)"/g),
  ];
  const indexes = new Set(found.map((match) => Number(match[1])));
  return [...indexes].sort((a, b) => a - b).map((index) => strings[index] ?? '');
}
