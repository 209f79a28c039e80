import { describe, expect, it } from 'vitest';
import { MillpondError } from '../../src/errors.ts';
import { errorFrom, recordError } from '../../src/messages/error-record.ts';

/** As it arrives in another thread. */
function sent(thrown: unknown): Error & Record<string, unknown> {
  const record = structuredClone(recordError(thrown, structuredClone));
  return errorFrom(record) as Error & Record<string, unknown>;
}

class HttpError extends TypeError {
  readonly status = 404;
}

describe('an error between threads', () => {
  it('keeps class, name, message, code and stack', () => {
    const thrown = Object.assign(new TypeError('bad'), { code: 'E_BAD' });
    const arrived = sent(thrown);
    expect(arrived).toBeInstanceOf(TypeError);
    expect(arrived).toMatchObject({ name: 'TypeError', message: 'bad', code: 'E_BAD', stack: thrown.stack });
    expect(Object.keys(arrived)).toEqual(['code']);
  });

  it("keeps the project's own", () => {
    const arrived = sent(new MillpondError('ERR_AUDIO_OPEN', 'no', { cause: new Error('why') }));
    expect(arrived).toBeInstanceOf(MillpondError);
    expect(arrived).toMatchObject({ name: 'MillpondError', code: 'ERR_AUDIO_OPEN', cause: new Error('why') });
  });

  it('keeps the name of its class, as the nearest class that is everywhere', () => {
    const thrown = new HttpError('gone');
    const arrived = sent(thrown);
    expect(Object.getPrototypeOf(arrived)).toBe(TypeError.prototype);
    expect(arrived).toMatchObject({ name: 'HttpError', message: 'gone', status: 404 });
    expect(thrown.stack?.split('\n')[0]).toBe('TypeError: gone');
    expect(arrived.stack).toBe(thrown.stack?.replace('TypeError', 'HttpError'));
  });

  it.each([
    ['of a class of its own', Object.assign(new Error('m'), { name: 'AbortError', code: 20 })],
    [
      'that only looks like one of the project',
      Object.assign(new Error('m'), { name: 'MillpondError', code: 'ERR_X' }),
    ],
  ])('keeps name and code of one %s, as an Error', (_what, thrown) => {
    const arrived = sent(thrown);
    expect(Object.getPrototypeOf(arrived)).toBe(Error.prototype);
    expect(arrived).toMatchObject({
      name: thrown.name,
      message: 'm',
      code: thrown.code,
      stack: thrown.stack,
    });
    expect(Object.keys(arrived)).toEqual(['code']);
  });

  it('keeps what standard errors have beside a cause', () => {
    const first = new RangeError('first');
    const several = sent(new AggregateError([first, 'text', first], 'all', { cause: first }));
    expect(several).toBeInstanceOf(AggregateError);
    expect(several.errors).toEqual([first, 'text', first]);
    expect((several.errors as unknown[])[0]).toBe(several.cause);
    expect(Object.keys(several)).toEqual([]);

    const two = sent(new SuppressedError(new Error('later'), first, 'both'));
    expect(two).toBeInstanceOf(SuppressedError);
    expect(two).toMatchObject({ error: new Error('later'), suppressed: first, message: 'both' });

    const aborted = sent(new DOMException('stop', 'AbortError'));
    expect(aborted).toBeInstanceOf(DOMException);
    expect(aborted).toMatchObject({ name: 'AbortError', code: 20, message: 'stop' });
  });

  it('keeps the fields that can be sent, errors among them, and leaves out the others', () => {
    const plain = { path: 'a.wav', at: new Date(5), list: [1, { two: 2 }] };
    const inner = new HttpError('inner');
    const left = { call: () => 1, sign: Symbol('x'), socket: { write() {} } };
    const arrived = sent(Object.assign(new Error('m'), plain, { inner, all: [inner, 'text'] }, left));
    expect(arrived).toMatchObject(plain);
    expect(Object.keys(arrived)).toEqual([...Object.keys(plain), 'inner', 'all']);
    expect(arrived.inner).toBeInstanceOf(TypeError);
    expect(arrived.inner).toMatchObject({ name: 'HttpError', status: 404 });
    expect(arrived.all).toEqual([arrived.inner, 'text']);
    expect((arrived.all as unknown[])[0]).toBe(arrived.inner);
  });

  it('keeps a cause of any kind, and whether it is enumerable', () => {
    expect(sent(new Error('m', { cause: { status: 5 } })).cause).toEqual({ status: 5 });
    expect(sent(new Error('m'))).not.toHaveProperty('cause');
    expect(Object.keys(sent(Object.assign(new Error('m'), { cause: 1 })))).toEqual(['cause']);
    expect(sent(new Error('m', { cause: () => 1 }))).not.toHaveProperty('cause');
  });

  it('keeps circles, and chains of any length within the first thousand', () => {
    const circle = new Error('round');
    circle.cause = circle;
    const arrived = sent(circle);
    expect(arrived.cause).toBe(arrived);

    let chain = new Error('0');
    for (let link = 1; link < 5000; link++) chain = new Error(String(link), { cause: chain });
    let links = 0;
    for (let at: unknown = sent(chain); at instanceof Error; at = at.cause) links++;
    expect(links).toBe(1000);
  });

  it('ends where a getter makes up a new cause whenever it is asked', () => {
    class Endless extends Error {
      override get cause(): unknown {
        return new Endless();
      }
    }
    expect(sent(new Endless())).toBeInstanceOf(Error);
  });

  it('does not take keys for anything else', () => {
    const thrown = new Error('m');
    Object.defineProperty(thrown, '__proto__', { value: { polluted: 1 }, enumerable: true });
    const arrived = sent(thrown);
    expect(Object.getPrototypeOf(arrived)).toBe(Error.prototype);
    expect(Object.hasOwn(arrived, '__proto__')).toBe(true);
  });

  it('is made even of what cannot be read', () => {
    const broken = () => {
      throw new Error('no');
    };
    const getter = Object.defineProperty(new Error('x'), 'message', { get: broken });
    const hostile = Object.assign(new Error('x'), { message: Symbol('x'), name: {} });
    const proxy = new Proxy(new Error('x'), { get: broken, has: broken, ownKeys: broken });
    for (const thrown of [getter, hostile, proxy, Object.create(null), new Proxy({}, { get: broken })]) {
      expect(sent(thrown)).toBeInstanceOf(Error);
    }
    expect(sent(getter).message).toBe('The job threw an error that cannot be read');
  });
});

describe('what was thrown and is no error', () => {
  it.each([
    ['text', 'text', 'text'],
    ['nothing', null, 'null'],
    ['what is not there', undefined, 'undefined'],
    ['a number', 42, '42'],
    ['an object', { status: 5 }, '{ status: 5 }'],
    ['what looks like an error', { message: 'm', name: 'Error' }, "{ message: 'm', name: 'Error' }"],
  ])('is the cause of one: %s', (_what, thrown, shown) => {
    const arrived = sent(thrown);
    expect(arrived.message).toBe(`The job threw ${shown}`);
    expect(Object.hasOwn(arrived, 'cause')).toBe(true);
    expect(arrived.cause).toEqual(thrown);
  });

  it('is only told of where it cannot be sent', () => {
    const arrived = sent(Symbol('mine'));
    expect(arrived.message).toBe('The job threw Symbol(mine)');
    expect(arrived).not.toHaveProperty('cause');
  });

  it('is told of on one short line', () => {
    expect(sent({ long: 'x'.repeat(5000) }).message.length).toBeLessThan(250);
    expect(sent(Array.from({ length: 50 }, (_, at) => ({ at }))).message).not.toContain('\n');
  });
});
