import { describe, expect, it } from 'vitest';
import { Claims } from '../../src/batch/claims.ts';
import { ListedFile, type ListedFolder } from '../../src/batch/plan.ts';

const folder: ListedFolder = { path: '/in', real: '/in', isElsewhere: false, output: null };
const file = (name: string): ListedFile => new ListedFile(folder, name, 0, 0);

describe('claims', () => {
  it('are of who came first, whatever comes between', () => {
    const claims = new Claims(new Set());
    const first = file('a');
    expect(claims.write('/out', 'a', first)).toBeNull();
    for (let at = 0; at < 1000; at++) claims.write('/out', `${at}`, file(`${at}`));
    expect(claims.write('/out', 'a', file('b'))).toBe(first);
    expect(claims.alike('/out', 'A', file('c'))).toBe(first);
  });

  it('tell who is read twice', () => {
    const shared = new Set<string>();
    const claims = new Claims(shared, 10);
    claims.read('/in', 'a');
    claims.read('/in', 'b');
    claims.read('/in', 'a');
    expect([...shared]).toEqual(['/in/a']);
    expect([claims.isRead('/in', 'b'), claims.isRead('/in', 'c')]).toEqual([true, false]);
  });

  it('of a list without an end are those that came last, and no more', () => {
    const claims = new Claims(new Set(), 1000);
    const late = file('late');
    for (let at = 0; at < 20_000; at++) {
      if (at === 19_800) claims.write('/out', 'late', late);
      claims.read(`/in/${at % 50}`, `${at}`);
      claims.write(`/out/${at % 50}`, `${at}`, file(`${at}`));
      expect(claims.size).toBeLessThanOrEqual(1000);
    }
    expect(claims.writerOf('/out', 'late')).toBe(late);
    expect(claims.writerOf('/out/0', '0')).toBeNull();
  });
});
