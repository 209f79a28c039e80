import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createSpool } from '../../src/files/spool.ts';
import { crateFor, detachViews, pack, storeFrom, unpack } from '../../src/messages/cargo.ts';
import { MOST_LEVELS } from '../../src/messages/search.ts';
import { Store } from '../../src/pool/store.ts';
import { makeShard, SMALL } from '../stand.ts';

describe('packing', () => {
  it('leaves a value without leases as it is', () => {
    const { shard } = makeShard();
    for (const value of [undefined, null, 1, 'x', [1, { a: 2 }], new Date(), new Uint8Array(3)]) {
      const packed = pack(value, shard);
      expect(packed.value).toBe(value);
      expect(packed.leases).toEqual([]);
    }
  });

  it('takes leases out of nested values and puts them back in their places, without touching the original', () => {
    const { shard } = makeShard();
    const [a, b] = shard.acquireAll([10, 20]);
    const value = { list: [a, { deep: b }, 3], again: a, text: 'kept' };
    const packed = pack(value, shard);
    expect(packed.value).toEqual({ list: [null, { deep: null }, 3], again: null, text: 'kept' });
    expect(packed.leases).toEqual([a, b]);
    expect(value.list[0]).toBe(a);
    const whole = unpack(structuredClone(packed.value), packed.places, ['A', 'B'] as never);
    expect(whole).toEqual({ list: ['A', { deep: 'B' }, 3], again: 'A', text: 'kept' });
  });

  it('takes spooled files out, whose places count on behind the leases', () => {
    const { shard } = makeShard();
    const [spool, other] = [createSpool(tmpdir()), createSpool(tmpdir())];
    using file = spool.finish();
    const closed = other.finish();
    closed[Symbol.dispose]();
    const value = { file, leases: [shard.acquire(10)], list: [{ file }] };
    const packed = pack(value, shard);
    expect(packed.value).toEqual({ file: null, leases: [null], list: [{ file: null }] });
    expect(packed.files).toEqual([file]);
    expect(packed.doubtful).toBe(false);
    expect(unpack(packed.value, packed.places, ['lease', 'file'] as never)).toEqual({
      file: 'file',
      leases: ['lease'],
      list: [{ file: 'file' }],
    });
    expect(pack(new Map([[1, file]]), shard)).toMatchObject({ doubtful: true, files: [] });
    expect(() => structuredClone(new Map([[1, file]]))).toThrow(
      'a spooled file that is not in a plain object',
    );
    expect(() => pack([closed], shard)).toThrow(expect.objectContaining({ code: 'ERR_FILE_CLOSED' }));
  });

  it('moves a lease that is the whole value', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(1);
    const packed = pack(lease, shard);
    expect(unpack(packed.value, packed.places, ['there'] as never)).toBe('there');
  });

  it('keeps cycles and shared parts', () => {
    const { shard } = makeShard();
    const shared: Record<string, unknown> = { lease: shard.acquire(1) };
    shared.self = shared;
    const packed = pack({ one: shared, two: shared }, shard);
    const whole = unpack(structuredClone(packed.value), packed.places, ['there'] as never) as Record<
      string,
      never
    >;
    expect(whole.one).toBe(whole.two);
    expect(whole.one).toMatchObject({ lease: 'there', self: whole.one });
  });

  it('looks into objects without a prototype', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(1);
    const packed = pack(Object.assign(Object.create(null), { lease }), shard);
    expect([packed.leases, packed.places, packed.doubtful]).toEqual([[lease], [[0, 'lease']], false]);
  });

  it('lets shared memory and views of it through, which are not copied', () => {
    const { shard } = makeShard();
    const shared = new SharedArrayBuffer(8);
    const packed = pack([shared, new Uint8Array(shared), new DataView(new ArrayBuffer(1))], shard);
    expect([packed.leases, packed.doubtful]).toEqual([[], false]);
  });

  it('is not misled by hostile keys', () => {
    const { shard } = makeShard();
    const value = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    value.lease = shard.acquire(1);
    const packed = pack(value, shard);
    unpack(packed.value, packed.places, ['there'] as never);
    expect(Object.keys(packed.value as object)).toEqual(['__proto__', 'constructor', 'lease']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    ['a view', (lease: { bytes: Uint8Array }) => lease.bytes.subarray(3)],
    ['a buffer', (lease: { bytes: Uint8Array }) => lease.bytes.buffer],
  ])('refuses %s of pooled memory, leased or idle, and says where it is', (_what, of) => {
    const { shard } = makeShard({ safety: 'off' });
    const lease = shard.acquire(SMALL);
    const view = of(lease);
    const refused = expect.objectContaining({
      code: 'ERR_LEASE_VIEW_MOVED',
      message: expect.stringContaining("'a.0'"),
    });
    expect(() => pack({ a: [view] }, shard)).toThrow(refused);
    lease.release();
    expect(() => pack({ a: [view] }, shard)).toThrow(refused);
  });

  it('says that the value itself is a view of pooled memory', () => {
    const { shard } = makeShard();
    expect(() => pack(shard.acquire(SMALL).bytes, shard)).toThrow(/at 'the value itself'/);
  });

  it('refuses a view of a loan that was released and waits to go home', () => {
    const { shard } = makeShard({ safety: 'off' });
    shard.leases.beginTask(1);
    const lease = shard.attach(new Store(new ArrayBuffer(SMALL), 0, 77), 10, 0);
    const view = lease.bytes;
    lease.release();
    expect(() => pack(view, shard)).toThrow(expect.objectContaining({ code: 'ERR_LEASE_VIEW_MOVED' }));
  });

  it.each([1, 99, 100, 101, 5000])('finds what was set on an array beside its %i elements', (length) => {
    const { shard } = makeShard();
    const lease = shard.acquire(1);
    const array = Object.assign(
      Array.from({ length }, (_, at) => at),
      { lease, '01': 'no index' },
    );
    const packed = pack([array], shard);
    expect([packed.leases, packed.places]).toEqual([[lease], [[0, 0, 'lease']]]);
    expect(packed.value).toEqual([Object.assign(array.slice(), { lease: null, '01': 'no index' })]);
    const call = Object.assign(array.slice(), { call() {} });
    expect(pack(call, shard).doubtful).toBe(true);
    expect(pack(array.slice(), shard).doubtful).toBe(false);
  });

  it('goes through an array that is mostly holes by what it has', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(1);
    expect(pack(new Array(4e9), shard).doubtful).toBe(false);
    const far = new Array(4e9);
    far[3] = 'near';
    far[3e9] = { lease };
    const packed = pack(far, shard);
    expect(packed.places).toEqual([[0, '3000000000', 'lease']]);
    const copy = packed.value as unknown[];
    expect([copy.length, copy[3], copy[3e9], Object.keys(copy)]).toEqual([
      4e9,
      'near',
      { lease: null },
      ['3', '3000000000'],
    ]);
  });

  it('keeps holes and the length of an array that held a lease', () => {
    const { shard } = makeShard();
    // biome-ignore lint/suspicious/noSparseArray: it is about holes
    const packed = pack([shard.acquire(1), , 3, ,], shard);
    // biome-ignore lint/suspicious/noSparseArray: it is about holes
    expect(packed.value).toStrictEqual([null, , 3, ,]);
  });

  it.each<[string, (inner: unknown) => unknown]>([
    ['arrays', (inner) => [inner]],
    ['objects', (inner) => ({ inner })],
    ['objects without a prototype', (inner) => Object.assign(Object.create(null), { inner })],
    ['maps', (inner) => new Map([[1, inner]])],
    ['keys of maps', (inner) => new Map([[inner, 1]])],
    ['sets', (inner) => new Set([inner])],
    ['causes', (inner) => new Error('m', { cause: inner })],
    ['instances', (inner) => Object.assign(new (class Thing {})(), { inner })],
    ['what is set on arrays', (inner) => Object.assign([1], { inner })],
  ])('says that %s are too deep, however deep they are, and reaches what is in them', (_what, around) => {
    const { shard } = makeShard();
    const nested = (levels: number, innermost: unknown): unknown => {
      let value = innermost;
      for (let level = 0; level < levels; level++) value = around(value);
      return value;
    };
    expect(pack(nested(MOST_LEVELS, 1), shard).tooDeep).toBe(false);
    expect(pack(nested(MOST_LEVELS + 1, 1), shard).tooDeep).toBe(true);
    const lease = shard.acquire(1);
    const deep = pack(nested(50_000, [lease]), shard);
    expect(deep.tooDeep).toBe(true);
    const moves = !deep.doubtful;
    expect(deep.leases).toEqual(moves ? [lease] : []);
    expect(() => pack(nested(2000, lease.bytes), shard)).toThrow(
      expect.objectContaining({ code: 'ERR_LEASE_VIEW_MOVED' }),
    );
  });

  it('does not go into what cannot be cloned anyway', () => {
    const { shard } = makeShard();
    let looked = false;
    const thing = Object.defineProperty(new (class Thing {})(), 'inner', {
      enumerable: true,
      get: () => {
        looked = true;
      },
    });
    expect(pack([() => 1, thing], shard).doubtful).toBe(true);
    expect(looked).toBe(false);
  });

  it('detaches every view of a crate that has to wait, and keeps what is in it', () => {
    const { shard } = makeShard({ safety: 'off' });
    const lease = shard.acquire(SMALL);
    const stale = lease.bytes.fill(3);
    const crate = crateFor(shard.leases.detach(lease), SMALL, 9);
    const waiting = detachViews(crate);
    expect([stale.length, new Uint8Array(waiting.buffer)[0]]).toEqual([0, 3]);
    expect(waiting).toMatchObject({ tier: 0, asked: 0, length: SMALL, loan: 9 });
  });

  it('makes a store of a crate that is the loan it was', () => {
    const store = storeFrom({ buffer: new ArrayBuffer(SMALL), tier: 0, asked: 0, length: 5, loan: 9 });
    expect([store.capacity, store.tier, store.loan, store.origin]).toEqual([SMALL, 0, 9, 0]);
  });

  it('refuses a lease that has ended', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(1);
    lease.release();
    expect(() => pack([lease], shard)).toThrow(expect.objectContaining({ code: 'ERR_LEASE_RELEASED' }));
  });

  it.each([
    ['a function', () => () => 1],
    ['a symbol', () => Symbol('x')],
    ['a proxy', () => new Proxy({}, {})],
    ['a map', () => new Map()],
    ['an instance', () => new (class Thing {})()],
    [
      'a detached buffer',
      () => structuredClone(new ArrayBuffer(1), { transfer: [] }).transfer(0) && detached(),
    ],
  ])('finds %s doubtful', (_what, make) => {
    expect(pack({ part: make() }, makeShard().shard).doubtful).toBe(true);
  });

  it('lets no lease be cloned that hides where nobody looks', () => {
    const { shard } = makeShard();
    expect(() => structuredClone(new Map([[1, shard.acquire(1)]]))).toThrow(/could not be cloned/);
  });

  function detached(): ArrayBuffer {
    const buffer = new ArrayBuffer(8);
    buffer.transfer();
    return buffer;
  }
});
