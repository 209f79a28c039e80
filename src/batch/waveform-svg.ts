/** A waveform as a picture that scales: its outline, and the power within it. Pure. */
import { area } from 'd3-shape';
import type { Waveform } from '../audio/analysis/waveform.ts';

const WIDTH = 1800;
const HEIGHT = 280;

/** @param waveform of a thousand points or so; none is a line of silence */
export function waveformSvg({ min, max, rms }: Waveform): string {
  const points = Array.from(min, (_, at) => at);
  const x = (at: number): number => (points.length > 1 ? (at * WIDTH) / (points.length - 1) : at);
  const y = (value: number): number => (HEIGHT / 2) * (1 - Math.min(1, Math.max(-1, value)));
  const shape = (low: (at: number) => number, high: (at: number) => number): string =>
    area<number>()
      .x(x)
      .y0((at) => y(low(at)))
      .y1((at) => y(high(at)))
      .digits(2)(points) ?? '';
  const outline = shape(
    (at) => min[at],
    (at) => max[at],
  );
  const power = shape(
    (at) => -rms[at],
    (at) => rms[at],
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Waveform">
<path d="M0 ${HEIGHT / 2}H${WIDTH}" stroke="#8aa4b8"/>
<path d="${outline}" fill="#8aa4b8"/>
<path d="${power}" fill="#2f5d7c"/>
</svg>
`;
}
