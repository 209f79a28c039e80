/**
 * The signals and tolerances of EBU Tech 3341 (tables 1 and 2) and 3342 (table 1), those that are synthetic.
 */
import { describe, expect, test } from 'vitest';
import { analyzed, type Material, type Step, steps, stereo } from './analysis.ts';

/** Long signals are as loud at a low rate, and sooner made. */
const LOW_RATE = 16_000;

function slow(levels: readonly Step[]): Material {
  return stereo(steps(levels, { rate: LOW_RATE }), LOW_RATE);
}

function expectLoudness(found: number | null, expected: number, tolerance = 0.1): void {
  expect(found).not.toBeNull();
  expect(Math.abs((found as number) - expected)).toBeLessThanOrEqual(tolerance);
}

function repeated(times: number, levels: readonly Step[]): Step[] {
  return Array.from({ length: times }, () => levels).flat();
}

describe('integrated loudness', () => {
  test.each<[string, number, Step[]]>([
    ['1', -23, [[-23, 20]]],
    ['2', -33, [[-33, 20]]],
    [
      '3',
      -23,
      [
        [-36, 10],
        [-23, 60],
        [-36, 10],
      ],
    ],
    [
      '4',
      -23,
      [
        [-72, 10],
        [-36, 10],
        [-23, 60],
        [-36, 10],
        [-72, 10],
      ],
    ],
    [
      '5',
      -23,
      [
        [-26, 20],
        [-20, 20.1],
        [-26, 20],
      ],
    ],
  ])('of case %s of Tech 3341 is %i LUFS', (_, expected, levels) => {
    const { loudness } = analyzed(slow(levels));
    expectLoudness(loudness.integrated, expected);
  });

  test('counts surround channels as case 6 asks, and subwoofers not at all', () => {
    const [front, centre, back] = [-28, -24, -30].map((level) => steps([[level, 20]], { rate: LOW_RATE }));
    const five = { sampleRate: LOW_RATE, planes: [front, front, centre, back, back] };
    expectLoudness(analyzed(five).loudness.integrated, -23);
    const six = {
      sampleRate: LOW_RATE,
      planes: [front, front, centre, steps([[0, 20]], { rate: LOW_RATE }), back, back],
    };
    expect(analyzed(six).loudness).toEqual(analyzed(five).loudness);
  });

  test.each([8000, 22_050, 44_100, 96_000, 192_000])('is the same at %i Hz', (rate) => {
    const { loudness } = analyzed(stereo(steps([[-23, 5]], { rate }), rate));
    expectLoudness(loudness.integrated, -23);
    expectLoudness(loudness.shortTermMax, -23);
  });

  test('of silence and of less than 0.4 s is none', () => {
    const none = { integrated: null, range: null, momentaryMax: null, shortTermMax: null };
    expect(analyzed(stereo(new Float32Array(480_000))).loudness).toEqual(none);
    expect(analyzed(slow([[-20, 0.39]])).loudness).toEqual(none);
    expect(analyzed(slow([[-20, 0.4]])).loudness.integrated).toBeCloseTo(-20, 1);
  });

  test('goes on after a long silence as if nothing had been', () => {
    const after = analyzed(
      slow([
        [-23, 5],
        [-400, 30],
        [-23, 5],
      ]),
    ).loudness;
    expectLoudness(after.momentaryMax, -23);
    expectLoudness(after.integrated, -23, 0.15);
  });
});

describe('the greatest loudness', () => {
  test('of any 3 s is that of cases 9 and 10', () => {
    const nine = analyzed(
      slow(
        repeated(5, [
          [-20, 1.34],
          [-30, 1.66],
        ]),
      ),
    );
    expectLoudness(nine.loudness.shortTermMax, -23);
    for (let i = 0; i < 20; i++) {
      const levels: Step[] = [
        [-400, 0.15 * i],
        [-23, 3],
        [-400, 1],
      ];
      expectLoudness(analyzed(slow(levels)).loudness.shortTermMax, -23);
    }
  });

  test('of any 0.4 s is that of cases 12 and 13', () => {
    const twelve = analyzed(
      slow(
        repeated(25, [
          [-20, 0.18],
          [-30, 0.22],
        ]),
      ),
    );
    expectLoudness(twelve.loudness.momentaryMax, -23);
    for (let i = 0; i < 20; i++) {
      const levels: Step[] = [
        [-400, 0.02 * i],
        [-23, 0.4],
        [-400, 0.5],
      ];
      const { momentaryMax } = analyzed(slow(levels)).loudness;
      expectLoudness(momentaryMax, -23);
    }
  });
});

describe('loudness range', () => {
  test.each<[number, Step[]]>([
    [
      10,
      [
        [-20, 20],
        [-30, 20],
      ],
    ],
    [
      5,
      [
        [-20, 20],
        [-15, 20],
      ],
    ],
    [
      20,
      [
        [-40, 20],
        [-20, 20],
      ],
    ],
    [
      15,
      [
        [-50, 20],
        [-35, 20],
        [-20, 20],
        [-35, 20],
        [-50, 20],
      ],
    ],
  ])('is %i LU in Tech 3342', (expected, levels) => {
    expectLoudness(analyzed(slow(levels)).loudness.range, expected, 1);
  });
});

describe('true peak', () => {
  const degrees = (angle: number): number => (angle * Math.PI) / 180;

  test.each([
    ['15', 4, 0, 0.5, -6],
    ['16', 4, 45, 0.5, -6],
    ['17', 6, 60, 0.5, -6],
    ['18', 8, 67.5, 0.5, -6],
    ['19', 4, 45, 1.41, 3],
  ])('of case %s of Tech 3341 is within +0.2 and -0.4 dB', (_, divisor, angle, factor, expected) => {
    const phase = degrees(angle);
    const plane = steps([[20 * Math.log10(factor), 1]], { hz: 48_000 / divisor, phase });
    // The tone begins and ends softly, as in the signals of EBU: a cut has a peak of its own.
    fadeEnds(plane, 4800);
    const found = analyzed(stereo(plane)).levels.truePeakDb as number;
    expect(found - expected).toBeLessThanOrEqual(0.2);
    expect(found - expected).toBeGreaterThanOrEqual(-0.4);
  });

  test.each([0, 1, 2, 3])('of a pulse that lies %i quarters of a sample behind one is found', (quarter) => {
    const plane = new Float32Array(48_000);
    // Below a quarter of the rate, where twelve taps are exact to a tenth of a decibel.
    for (let i = 0; i < plane.length; i++) {
      const x = (i - 24_000 - quarter / 4) * (Math.PI / 2.5);
      plane[i] = 0.5 * (x === 0 ? 1 : Math.sin(x) / x) * Math.exp(-(((i - 24_000) / 200) ** 2));
    }
    expect(analyzed(stereo(plane)).levels.truePeakDb).toBeCloseTo(-6.02, 1);
  });

  test('is never below the greatest sample, at any rate', () => {
    for (const rate of [48_000, 96_000, 192_000]) {
      const plane = new Float32Array(100);
      plane[99] = 0.7;
      const { truePeakDb, peakDb } = analyzed(stereo(plane, rate)).levels;
      expect(truePeakDb).toBe(peakDb);
      expect(peakDb).toBeCloseTo(20 * Math.log10(0.7), 5);
    }
  });

  function fadeEnds(plane: Float32Array, frames: number): void {
    for (let i = 0; i < frames; i++) {
      plane[i] *= i / frames;
      plane[plane.length - 1 - i] *= i / frames;
    }
  }
});
