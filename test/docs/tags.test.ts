import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fieldRows } from '../../src/audio/tags/table.ts';

const HEAD = `| Vorbis comments | ID3v2.4 | MP4 | APEv2 | RIFF | Matroska |
|---|---|---|---|---|---|
`;
const FAMILIES = ['id3', 'mp4', 'ape', 'riff', 'matroska'] as const;

it('the table of fields is what the code has: `npm test -- docs/tags -u` writes it anew', async () => {
  const page = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');
  const [before, rest = ''] = page.split(HEAD);
  const behind = rest.slice(rest.indexOf('\n\n'));
  const rows = fieldRows().map(({ key, also, names }) => {
    const cells = FAMILIES.map((family) => code(names[family]));
    return `| ${[key, ...also].map(code).join(', ')} | ${cells.join(' | ')} |`;
  });
  const made = `${before}${HEAD}${rows.join('\n')}${behind}`;
  await expect(made).toMatchFileSnapshot('../../docs/formats.md');
});

function code(name: string | undefined): string {
  return name === undefined ? '' : `\`${name}\``;
}
