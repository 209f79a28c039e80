/** Requests of any kind: such as the schemas allow, such as they don't, and bytes that nobody meant. */
import fc from 'fast-check';
import { ANALYZE_QUERY, TRANSCODE_QUERY } from '../../src/service/schemas.ts';

export interface AnyRequest {
  readonly method: string;
  /** With its query, as it goes over the line. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** Whether it comes in chunks, and does not say how long it is. */
  readonly chunked: boolean;
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

/** What goes into a header: Latin-1 without controls. */
const latin1 = (most: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: most,
  });
/** What goes into a target as it is. */
const inTarget = fc.string({
  unit: fc.constantFrom(...'abcXYZ019-_.~!$&()*+,;=:@%/?#[]{}|^"<>\\`'.split('')),
  maxLength: 40,
});

function generated(schema: Schema): fc.Arbitrary<unknown> {
  const { type, enum: names, minimum: min = 0, maximum: max = 0, pattern } = schema;
  if (names !== undefined) return fc.constantFrom(...names);
  if (type === 'integer') return fc.integer({ min, max });
  if (type === 'number') return fc.double({ min, max, noNaN: true });
  if (type === 'boolean') return fc.boolean();
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
}

const oddValue = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('', '0', '-1', '1e999', 'NaN', 'null', '[]', '0x10', 'true', '9'.repeat(30), '../../etc'),
);

/** Query as the schema has it, at times with something else in it. */
function queryOf(properties: Readonly<Record<string, Schema>>, needed: string[]): fc.Arbitrary<string> {
  const values = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, generated(one)]));
  const allowed = fc.record(values, { requiredKeys: needed }).map((query) => Object.entries(query));
  const name = fc.constantFrom(
    ...Object.keys(properties),
    'Rate',
    '__proto__',
    'constructor',
    'to[]',
    'to.x',
  );
  const odd = fc.array(fc.tuple(name, oddValue), { minLength: 1, maxLength: 4 });
  const encoded = (pairs: [string, unknown][]): string =>
    pairs
      .map((pair) => pair.map((one) => encodeURIComponent(String(one).toWellFormed())).join('='))
      .join('&');
  return fc.oneof(
    { weight: 4, arbitrary: allowed.map(encoded) },
    { weight: 2, arbitrary: fc.tuple(allowed, odd).map(([some, more]) => encoded([...some, ...more])) },
    { weight: 1, arbitrary: odd.map(encoded) },
    { weight: 1, arbitrary: inTarget },
  );
}

const address = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const header = fc.oneof(
  fc.tuple(
    fc.constant('prefer'),
    fc.oneof(
      fc.nat(90).map((wait) => `wait=${wait}`),
      latin1(40),
    ),
  ),
  fc.tuple(
    fc.constant('range'),
    fc.oneof(
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      latin1(40),
    ),
  ),
  fc.tuple(
    fc.constantFrom('if-none-match', 'if-range', 'if-match', 'millpond-ticket', 'traceparent'),
    latin1(80),
  ),
  fc.tuple(fc.constantFrom('authorization', 'accept', 'accept-encoding', 'origin', 'cookie'), latin1(80)),
  fc.tuple(
    fc.constantFrom('x-forwarded-for', 'x-forwarded-host', 'forwarded', 'content-encoding'),
    latin1(40),
  ),
  fc.tuple(
    fc.constant('content-type'),
    fc.oneof(
      fc.constantFrom(
        'audio/flac',
        'application/json',
        'multipart/form-data',
        'multipart/form-data; boundary=x',
      ),
      latin1(60),
    ),
  ),
  fc.tuple(fc.stringMatching(/^x-[a-z]{1,10}$/), latin1(200)),
);

/** Honest audio, such with some bytes changed or cut off, forms, and no audio at all. */
function bodyOf(audio: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const honest = fc.constantFrom(...audio);
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 });
  const changed = fc.tuple(honest, changes, fc.nat()).map(([bytes, some, cut]) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of some) copy[at % copy.length] = byte;
    return copy.subarray(0, cut % 2 === 0 ? copy.length : cut % copy.length);
  });
  const noise = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
  const form = fc.tuple(fc.oneof(honest, noise), latin1(40)).map(([bytes, name]) => {
    const head = `--x\r\ncontent-disposition: form-data; name="audio"; filename="${name}"\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, 'latin1'), bytes, Buffer.from('\r\n--x--\r\n')]);
  });
  return fc.oneof(honest, changed, noise, form, fc.constant(Buffer.alloc(0)));
}

/** @param audio honest files, of some formats */
export function anyRequest(audio: readonly Buffer[]): fc.Arbitrary<AnyRequest> {
  const headers = fc.array(header, { maxLength: 6 });
  const body = bodyOf(audio);
  const transcode = queryOf(TRANSCODE_QUERY.properties, ['to']).map((query) => `/v1/transcode?${query}`);
  const analyze = queryOf(ANALYZE_QUERY.properties, []).map((query) => `/v1/analyze?${query}`);
  const work = fc.record({
    method: fc.constant('POST'),
    target: fc.oneof(transcode, analyze),
    headers,
    body,
    chunked: fc.boolean(),
  });
  const paths = [
    '/v1/transcode',
    '/v1/analyze',
    '/livez',
    '/readyz',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/',
  ];
  const others = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'),
    target: fc.oneof(
      fc.oneof(address, inTarget).map((name) => `/v1/results/${name}`),
      fc.tuple(fc.constantFrom(...paths), inTarget).map(([path, query]) => `${path}?${query}`),
      inTarget.map((path) => `/${path}`),
      inTarget.map((path) => `/docs/${path}`),
      inTarget.map((path) => `/docs/static/${path}`),
    ),
    headers,
    body: fc.oneof({ weight: 3, arbitrary: fc.constant(Buffer.alloc(0)) }, { weight: 1, arbitrary: body }),
    chunked: fc.boolean(),
  });
  return fc.oneof({ weight: 3, arbitrary: work }, { weight: 2, arbitrary: others });
}
