import { describe, expect, it } from 'vitest';
import { longFiles, longLines } from './lines.ts';
import { parseModule, parseSheet } from './module.ts';

describe('lines', () => {
  const found = (text: string) => longLines(parseModule('x.ts', text));
  const wide = (count: number): string => 'w'.repeat(count);
  const words = (count: number): string =>
    'ab '
      .repeat(Math.ceil(count / 3))
      .slice(0, count - 1)
      .concat('.');

  it.each([
    ['code of 110 columns', `const ${wide(99)} = 1;`],
    ['a comment of 110 columns', `// ${words(107)}`],
    ['a long string', `f(1,\n  '${wide(120)}',\n);`],
    ['a long template', `f(\`${wide(90)}\${x}${wide(90)}\`);`],
    ['all lines of a long template', `const x = \`\n${words(200)}\n\`;`],
    ['a long regular expression', `const x = /${wide(120)}/;`],
    ['an address in a comment', `/**\n * https://x.org/${wide(120)}\n */`],
    ['an address behind slashes', `// https://x.org/${wide(120)}`],
    ['what is wide only in bytes', `// ${'ü '.repeat(53)}.`],
  ])('may be %s', (_what, text) => {
    expect(found(text)).toEqual([]);
  });

  it.each([
    ['code of 111 columns', `const ${wide(100)} = 1;`, 1],
    ['a comment of 111 columns', `// ${words(108)}`, 1],
    ['a block of comment', `/**\n * ${words(60)}\n * ${words(120)}\n */`, 3],
    ['a comment behind code', `const x = 1; // ${words(100)}`, 1],
    ['a comment behind a long string', `f(\n  '${wide(120)}', // why\n);`, 2],
    ['an address among words', `// see https://x.org/${wide(120)}`, 1],
    ['code beside a string that is not the reason', `const ${wide(102)} = '${wide(60)}';`, 1],
    ['code beside a string that does not reach so far', `const ${wide(120)} = '${wide(9)}';`, 1],
  ])('are too long as %s', (_what, text, line) => {
    expect(found(text)).toEqual([`x.ts:${line}`]);
  });
});

describe('lines of a style sheet', () => {
  it('are long like any others', () => {
    const text = `/* ${'ab '.repeat(40)}*/\na { color: red; }\nb { background: url(${'w'.repeat(100)}); }\n`;
    expect(longLines(parseSheet('x.css', text))).toEqual(['x.css:1', 'x.css:3']);
  });
});

describe('files', () => {
  const found = (text: string) => longFiles([parseModule('x.ts', text)]);
  const code = (lines: number): string => 'f();\n'.repeat(lines);

  it.each([
    ['300 lines', code(300)],
    [
      'more with a reason',
      `/**\n * What it is. Over 300 lines\n * because all steps are one.\n */\n${code(300)}`,
    ],
  ])('may have %s', (_what, text) => {
    expect(found(text)).toEqual([]);
  });

  it.each([
    ['more', code(301)],
    ['more with a header that gives no reason', `/** What it is. */\n${code(300)}`],
    ['more with a header that only says so', `/** What it is. Over 300 lines in all. */\n${code(300)}`],
    ['more with the reason elsewhere', `/** What it is. */\n/** Over 300 lines because so. */\n${code(300)}`],
  ])('are too long with %s', (_what, text) => {
    expect(found(text)).toEqual(['x.ts']);
  });
});
