/** What schemas refuse is told as everything else is: rule, value, remedy. */
import { expect, it } from 'vitest';
import { serving } from './serving.ts';

const served = serving({ threads: 1 });
const FORMATS = 'wav, flac, mp3, opus, ogg, m4a';

async function refused(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${served.url}${path}`, { method: 'POST', body: 'x' });
  expect(response.status).toBe(400);
  const { code, rule, value, remedy } = (await response.json()) as Record<string, unknown>;
  expect(code).toBe('ERR_INVALID_ARGUMENT');
  return { rule, value, remedy };
}

it.each([
  ['to=mpx', `to is one of ${FORMATS}.`, '"mpx"', 'Did you mean mp3?'],
  ['to=elephant', `to is one of ${FORMATS}.`, '"elephant"', 'Write for example to=wav.'],
  ['to=flac&to=mp3', `to is one of ${FORMATS}.`, '["flac","mp3"]', 'Write to once.'],
  ['to=flac&rate=7', 'rate is a whole number from 1000 to 655350.', '7', 'Write for example rate=44100.'],
  ['to=flac&rate=a', 'rate is a whole number from 1000 to 655350.', '"a"', 'Write for example rate=44100.'],
  ['to=flac&gain=300', 'gain is a number from -200 to 200.', '300', 'Write for example gain=-3.'],
  ['to=flac&bits=8', 'bits is one of 16, 24, 32.', '8', 'Write for example bits=16.'],
  ['to=mp3&bitrate=fast', 'bitrate is bits a second.', '"fast"', 'Write for example bitrate=192k.'],
  ['to=flac&verify=perhaps', 'verify is true or false.', '"perhaps"', 'Write verify=true, or leave it out.'],
  ['to=flac&name=', 'name is 1 to 255 letters.', '""', 'Write 255 of them at the most, or leave it out.'],
  ['to=flac&delivery=steam', 'delivery is one of whole, stream.', '"steam"', 'Did you mean stream?'],
])('says of %s what would do', async (query, rule, value, remedy) => {
  expect(await refused(`/v1/transcode?${query}`)).toEqual({ rule, value, remedy });
});

it.each([
  ['rat', '"rat"', 'Did you mean rate?'],
  ['fade_in', '"fade_in"', 'Did you mean fade-in?'],
  ['elephant', '"elephant"', 'Leave it out.'],
])('says of the name %s which there are', async (name, value, remedy) => {
  const refusal = await refused(`/v1/transcode?to=flac&${name}=1`);
  expect(refusal).toEqual({
    rule: expect.stringMatching(/^The query of a request has to, rate, channels, .*, name, priority\.$/),
    value,
    remedy,
  });
});

it('says what is missing', async () => {
  expect(await refused('/v1/transcode')).toEqual({
    rule: `The query of a request has to, which is one of ${FORMATS}.`,
    value: 'none',
    remedy: 'Write for example to=wav.',
  });
});

it('repeats no more of a value than a line of it', async () => {
  const { value } = await refused(`/v1/transcode?to=${'x'.repeat(5000)}`);
  expect((value as string).length).toBeLessThan(110);
});

it('says of an address how it is written', async () => {
  const response = await fetch(`${served.url}/v1/results/${'A'.repeat(64)}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    rule: 'address is 64 hex digits.',
    remedy: 'Take it from Content-Location.',
  });
});
