import { describe, expect, it } from 'vitest';
import { MOST_LINE_BYTES } from '../../../src/batch/journal/lines.ts';
import { done, failed, GROUPS, HEADER, readBytes, textOf } from './written.ts';

function invalid(message: RegExp) {
  return expect.objectContaining({ code: 'ERR_JOURNAL_INVALID', message: expect.stringMatching(message) });
}

describe('a journal', () => {
  it('says of each output what was said last', async () => {
    const read = await readBytes(textOf(HEADER, GROUPS));
    expect(read?.header).toEqual(HEADER);
    expect([...(read?.done.keys() ?? [])]).toEqual(['\udcff b.flac', 'd.flac', 'a.flac']);
    expect(read?.done.get('a.flac')).toEqual(done('a', 12));
    expect([...(read?.failed.values() ?? [])]).toEqual([failed('b', 'ERR_NATIVE_CRASH')]);
    expect([...(read?.planned ?? [])]).toEqual([]);
  });

  it('no longer says done of what was planned again, or failed', async () => {
    const groups = [
      { done: [done('a'), done('b'), done('c')] },
      { planned: ['a.flac'] },
      { failed: [failed('b')] },
    ];
    const read = await readBytes(textOf(HEADER, groups));
    expect([[...(read?.done.keys() ?? [])], [...(read?.planned ?? [])]]).toEqual([['c.flac'], ['a.flac']]);
    const again = await readBytes(textOf(HEADER, [...groups, { done: [done('b')] }]));
    expect([[...(again?.done.keys() ?? [])], again?.failed.size]).toEqual([['c.flac', 'b.flac'], 0]);
  });

  it('is refused with the line that is damaged, and how to keep the others', async () => {
    const bytes = textOf(HEADER, GROUPS);
    bytes[bytes.indexOf('70000')] ^= 1;
    await expect(readBytes(bytes)).rejects.toEqual(
      invalid(/; line 4 of '.*journal\.ndjson' does not\. Keep the 3 lines before it, as head -n 3 does/),
    );
  });

  it('is refused where a newer millpond wrote it, or something else', async () => {
    const newer = textOf({ ...HEADER, schema: 'millpond.journal/2' }, []);
    await expect(readBytes(newer)).rejects.toEqual(invalid(/is millpond\.journal\/2, of a newer millpond/));
    const others = [
      '\n',
      'To do:\n- milk\n',
      '{"schema":"millpond.run/1"}\n',
      '\0'.repeat(100),
      '[]',
      'null\n',
    ];
    for (const other of others) {
      await expect(readBytes(Buffer.from(other))).rejects.toEqual(
        invalid(/line 1 of .* does not, or is damaged/),
      );
    }
    const endless = Buffer.concat([textOf(HEADER, []), Buffer.alloc(3 * MOST_LINE_BYTES, 'x')]);
    await expect(readBytes(endless)).rejects.toEqual(invalid(/has 1048576 bytes at most/));
  });

  it('takes nothing of a line whose members are not what they should be, checksum or not', async () => {
    const { input, output } = done('a');
    const wrong = [
      { done: {} },
      { done: [{ input, output: { ...output, path: 7 } }] },
      { done: [{ input, output: { ...output, bytes: '9' } }] },
      { done: [{ input: null, output }] },
      { done: [null] },
      { done: [{ input, output, address: 1 }] },
      { failed: [{ input, output: 'a.flac', code: 'X' }] },
      { planned: [1] },
      { cancelled: 'a.flac' },
    ];
    for (const group of wrong) {
      const read = await readBytes(textOf(HEADER, [{ done: [done('z')] }, group]));
      expect([...(read?.done.keys() ?? [])]).toEqual(['z.flac']);
      await expect(readBytes(textOf(HEADER, [group, { done: [done('z')] }]))).rejects.toEqual(
        invalid(/line 2 of/),
      );
    }
    const second = await readBytes(textOf(HEADER, [{ ...HEADER, engine: 'other', done: [done('z')] }]));
    expect([second?.header.engine, second?.done.size]).toEqual([HEADER.engine, 1]);
  });

  it('of many lines, longer than what is read at once, is read whole', async () => {
    const groups = Array.from({ length: 2000 }, (_, at) => ({
      done: [done(`${at}-${'x'.repeat(at % 500)}`)],
    }));
    const bytes = textOf(HEADER, groups);
    expect(bytes.length).toBeGreaterThan(500_000);
    const read = await readBytes(bytes);
    expect([read?.done.size, read?.end]).toEqual([2000, bytes.length]);
  });
});
