/** iXML becomes fields of outputs without such a chunk; a WAV keeps the chunk, and says nothing twice. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { convert, readAll, scratch } from '../audio-files.ts';
import { riffChunk, withChunks } from '../chunks.ts';
import { noise, writeWav } from '../wav.ts';
import { lacks, mutagen } from './judges.ts';
import { tagsIn } from './tagged.ts';

const at = scratch();

const IXML = `<?xml version="1.0" encoding="UTF-8"?>
<BWFXML>
  <IXML_VERSION>2.0</IXML_VERSION>
  <PROJECT>Tom &amp; Jerry</PROJECT><SCENE>5A</SCENE><TAKE>3</TAKE><TAPE>DAY 2</TAPE>
  <NOTE>wind &#x2013; <!-- not this --><![CDATA[<loud>]]></NOTE><CIRCLED>TRUE</CIRCLED>
  <SPEED><NOTE>not this one</NOTE></SPEED>
  <ASWG version="3.01"><contentType>music</contentType><songTitle>Títle</songTitle><artist>Someone</artist>
    <composer>Her</composer><genre>Jazz</genre><isrcId>DEA123456789</isrcId><tempo>120</tempo><empty/>
    <project>Tom &amp; Jerry</project></ASWG>
</BWFXML>
`;
const FIELDS = [
  ['PROJECT', 'Tom & Jerry'],
  ['SCENE', '5A'],
  ['TAKE', '3'],
  ['TAPE', 'DAY 2'],
  ['COMMENT', 'wind – <loud>'],
  ['TITLE', 'Títle'],
  ['ARTIST', 'Someone'],
  ['COMPOSER', 'Her'],
  ['GENRE', 'Jazz'],
  ['ISRC', 'DEA123456789'],
  ['BPM', '120'],
];

function withIxml(text: string, name = 'in.wav'): string {
  writeWav(at('sound.wav'), [noise(5000, 16)], { rate: 48_000 });
  writeFileSync(at(name), withChunks(readFileSync(at('sound.wav')), [riffChunk('iXML', Buffer.from(text))]));
  return at(name);
}

const fieldsOf = (text: string) => tagsIn(withIxml(text)).fields.map(({ key, value }) => [key, value]);

describe.skipIf(lacks('mutagen'))('mutagen reads of iXML', () => {
  test('in FLAC and MP3 what was in a WAV', () => {
    for (const to of ['flac', 'mp3'] as const) {
      const { warnings } = convert(withIxml(IXML), at(`out.${to}`), to);
      expect(warnings).toEqual([`Its iXML chunk was left out: ${to} has no place for such.`]);
    }
    const [flac, mp3] = mutagen(at('out.flac'), at('out.mp3'));
    expect(flac.fields.filter(([name]) => name !== 'ENCODER')).toEqual(FIELDS);
    expect(mp3.fields).toContainEqual(['TXXX:SCENE', '5A']);
    expect(mp3.fields).toContainEqual(['TIT2', 'Títle']);
    expect(mp3.fields).toContainEqual(['COMM::XXX', 'wind – <loud>']);
  });
});

test('from WAV to WAV it is kept, and nothing more is written', () => {
  convert(withIxml(IXML), at('out.wav'), 'wav');
  const bytes = readFileSync(at('out.wav'));
  expect(bytes.includes(riffChunk('iXML', Buffer.from(IXML)))).toBe(true);
  expect(bytes.includes('id3 ')).toBe(false);
  expect(bytes.includes('INAM')).toBe(false);
  convert(withIxml(IXML), at('other.wav'), 'wav', { rate: 96_000 });
  expect(readFileSync(at('other.wav')).includes('id3 ')).toBe(true);
});

test('the tags of WAV count before it', () => {
  const text = '<BWFXML><ASWG><songTitle>b</songTitle><artist>c</artist></ASWG></BWFXML>';
  writeWav(at('tagged.wav'), [noise(5000, 16)], { tags: { INAM: 'a' } });
  writeFileSync(
    at('both.wav'),
    withChunks(readFileSync(at('tagged.wav')), [riffChunk('iXML', Buffer.from(text))]),
  );
  expect(tagsIn(at('both.wav')).fields.map(({ key, value }) => [key, value])).toEqual([
    ['TITLE', 'a'],
    ['ARTIST', 'c'],
  ]);
});

const SCENE = '<SCENE>1</SCENE>';
test.each([
  ['cut off', `<BWFXML>${SCENE}<TAKE>2`, [['SCENE', '1']]],
  ['of elements that do not match', `<BWFXML>${SCENE}</TAKE><TAKE>2</TAKE>`, [['SCENE', '1']]],
  ['of a comment without an end', `<BWFXML>${SCENE}<!-- <TAKE>2</TAKE>`, [['SCENE', '1']]],
  ['that is too deep', `<BWFXML>${SCENE}${'<a>'.repeat(100_000)}`, [['SCENE', '1']]],
  ['of too many elements', `<BWFXML>${SCENE}${'<a></a>'.repeat(100_000)}<TAKE>2</TAKE>`, [['SCENE', '1']]],
  [
    'with entities of its own',
    `<!DOCTYPE x [<!ENTITY a "${'b'.repeat(1000)}">]><BWFXML><SCENE>&a;&a;</SCENE></BWFXML>`,
    [['SCENE', '&a;&a;']],
  ],
  ['of nothing but signs', '<'.repeat(500_000), []],
  ['that is none', 'BWFXML', []],
])('iXML %s says what came before, in linear time', (_, text, expected) => {
  expect(fieldsOf(text)).toEqual(expected);
});

test('iXML of more than 1 MiB is left out with a note', () => {
  const { warnings, info } = readAll(withIxml(`<BWFXML>${SCENE}${' '.repeat(1_100_000)}</BWFXML>`));
  expect(warnings).toEqual(['iXML was left out: it has over 1048576 bytes.']);
  expect(info.tags.fields).toEqual([]);
});
