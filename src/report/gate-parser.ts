/** Reads a gate, as `p99(fresh) > 1.2x`, `hit-rate < 95%` or `peak-memory > 90MiB`. Pure. */
import { parseBytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { NANOSECONDS } from '../text/durations.ts';
import { escaped } from '../text/escaping.ts';
import type { Unit } from './figure-text.ts';
import { nearestName } from './nearest-name.ts';
import {
  distributionQuantity,
  PLAIN_QUANTITIES,
  type Quantity,
  type Statistic,
  TASK_FIGURES,
  taskQuantity,
} from './quantities.ts';
import { jobSelection, SELECTIONS } from './selections.ts';

export type Operator = '>' | '>=' | '<' | '<=';

/** Fails when its condition is true. */
export interface Gate {
  /** As it was written. */
  readonly text: string;
  readonly quantity: Quantity;
  readonly operator: Operator;
  /** In the unit of the quantity, or where it is `relative` in parts of the base's figure. */
  readonly bound: number;
  readonly relative: boolean;
}

/** How a bound of each unit is written, beside `1.2x`. */
const BOUNDS: Readonly<Record<Unit, string>> = {
  ns: 'a time with ns, us, ms or s, as 5ms',
  B: 'a size with B, KiB, MiB or GiB, as 90MiB',
  'B/s': 'a size a second, as 20MiB/s',
  '/s': 'a number a second, as 20/s',
  share: 'a percentage, as 95%',
  count: 'a plain number, as 0',
};

/** @throws MillpondError `ERR_INVALID_ARGUMENT` that points to the place, and lists what is possible */
export function parseGate(text: string): Gate {
  const reader = new Reader(text);
  const nameAt = reader.at;
  const name = reader.take(/[a-z][a-z0-9.-]*/iy);
  if (name === null) throw reader.wrong('no quantity', `Begin with a quantity: ${quantityNames()}.`, 0);
  const quantity = quantityAt(reader, name.toLowerCase(), nameAt);
  const operator = reader.take(/[<>]=?/y) as Operator | null;
  if (operator === null) {
    throw reader.wrong(
      'no comparison',
      'Write >, >=, < or <= after the quantity; the gate fails when that is true.',
    );
  }
  const from = reader.at;
  const digits = reader.take(/\d+(?:\.\d+)?|\.\d+/y);
  if (digits === null) {
    throw reader.wrong('no number', `Write ${BOUNDS[quantity.unit]}, or 1.2x for 1.2 times the base.`);
  }
  const unit = reader.take(/[a-zµ%/]+/iy) ?? '';
  if (!reader.ended) throw reader.wrong('text after its bound', 'Give --fail-if once for each gate.');
  const relative = unit.toLowerCase() === 'x';
  const bound = relative ? Number(digits) : boundOf(quantity.unit, digits, unit.toLowerCase());
  if (bound === null) {
    const remedy = `The bound of ${quantity.name} is ${BOUNDS[quantity.unit]}, or as 1.2x for 1.2 times the base.`;
    throw reader.wrong(`a bound in another unit, '${digits}${unit}'`, remedy, from);
  }
  return { text: text.trim(), quantity, operator, bound, relative };
}

function quantityAt(reader: Reader, name: string, nameAt: number): Quantity {
  const figure = TASK_FIGURES.find((one) => one === name);
  if (figure !== undefined && reader.take(/\//y) !== null) return taskQuantity(figure, jobAt(reader));
  const open = reader.take(/\(/y) !== null;
  const innerAt = reader.at;
  const statistic = statisticOf(name);
  const ofTasks = open && statistic !== null ? reader.take(/(?:queue|service)\//iy) : null;
  if (ofTasks !== null) {
    const of = ofTasks.toLowerCase().startsWith('queue') ? 'queue' : 'service';
    const selection = jobSelection(of, jobAt(reader));
    close(reader, `${name}(${selection.name})`);
    return distributionQuantity(statistic as Statistic, selection);
  }
  const inner = open ? (reader.take(/[^()<>=\s]*/y) ?? '').toLowerCase() : null;
  const plain = PLAIN_QUANTITIES.get(inner === null ? name : `${name}(${inner})`);
  if (plain === undefined && statistic === null) {
    if (PLAIN_QUANTITIES.has(name))
      throw reader.wrong(`a part that ${name} does not have`, partsOf(name), innerAt);
    const near = nearestName(name, [...PLAIN_QUANTITIES.keys(), 'p50', 'p90', 'p99', 'p99.9', 'max', 'mean']);
    throw reader.wrong(
      `an unknown quantity, '${name}'`,
      `${near === undefined ? '' : `Did you mean '${near}'? `}There are ${quantityNames()}.`,
      nameAt,
    );
  }
  if (plain === undefined && !open) {
    throw reader.wrong(`no distribution for ${name}`, `Write for example ${name}(all) or ${name}(fresh).`);
  }
  const selection = SELECTIONS.get(inner ?? '');
  if (plain === undefined && selection === undefined) {
    const near = nearestName(inner ?? '', SELECTIONS.keys());
    throw reader.wrong(
      `an unknown distribution, '${escaped(inner ?? '')}'`,
      `${near === undefined ? '' : `Did you mean '${near}'? `}There are ${selectionNames()}.`,
      innerAt,
    );
  }
  if (open) close(reader, `${name}(${escaped(inner ?? '')})`);
  if (plain !== undefined) return plain;
  return distributionQuantity(statistic as Statistic, selection as NonNullable<typeof selection>);
}

function close(reader: Reader, whole: string): void {
  if (reader.take(/\)/y) === null) throw reader.wrong('no closing bracket', `Write ${whole}.`);
}

/** A job's name as it is, or as a text of JSON. */
function jobAt(reader: Reader): string {
  const from = reader.at;
  const quoted = reader.take(/"(?:[^"\\]|\\.)*"/y);
  const remedy =
    'Write the name of a job, in double quotes where it has spaces, brackets or signs of comparison.';
  if (quoted !== null) {
    try {
      return JSON.parse(quoted);
    } catch {
      throw reader.wrong('a name in quotes that is no text of JSON', remedy, from);
    }
  }
  const bare = reader.take(/[^()<>=\s"]+/y);
  if (bare === null) throw reader.wrong('no job', remedy);
  return bare;
}

/** Percentiles lie over 0 and under 100. */
function statisticOf(name: string): Statistic | null {
  if (name === 'max' || name === 'mean') return name;
  const percentile = /^p(\d+(?:\.\d+)?)$/.exec(name)?.[1];
  return percentile !== undefined && Number(percentile) > 0 && Number(percentile) < 100
    ? `p${Number(percentile)}`
    : null;
}

/** Null: of another unit. */
function boundOf(wanted: Unit, digits: string, unit: string): number | null {
  const value = Number(digits);
  if (wanted === '/s') return unit === '/s' ? value : null;
  if (wanted === 'count') return unit === '' ? value : null;
  if (wanted === 'share') return unit === '%' ? value / 100 : null;
  if (wanted === 'ns') return Object.hasOwn(NANOSECONDS, unit) ? value * NANOSECONDS[unit] : null;
  const size = /^([kmg]?i?b?)(\/s)?$/.exec(unit);
  if (size === null || size[1] === '' || (size[2] !== undefined) !== (wanted === 'B/s')) return null;
  return value * parseBytes(`1${size[1]}`);
}

function quantityNames(): string {
  const plain = [...PLAIN_QUANTITIES.keys()].filter((name) => !name.includes('('));
  return `p50(...), p99(...), p99.9(...) and any other percentile, max(...), mean(...), ${plain.join(', ')}`;
}

function partsOf(name: string): string {
  const parts = [...PLAIN_QUANTITIES.keys()].filter((other) => other.startsWith(`${name}(`));
  return parts.length === 0 ? `Write ${name} alone.` : `Write ${name} alone, ${parts.join(', ')}.`;
}

function selectionNames(): string {
  const families = Map.groupBy(SELECTIONS.keys(), (name) => name.split('/')[0]);
  const [first] = families.keys();
  const parts = (families.get(first) ?? []).slice(1).map((name) => name.slice(first.length));
  return `${[...families.keys()].join(', ')}; of requests, lifetimes and sizes one tier with ${parts.join(', ')}, of gc one kind with /minor or /major, of queue and service one job with / and its name`;
}

/** Takes a gate from left to right. */
class Reader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skip();
  }

  get ended(): boolean {
    return this.at === this.#text.length;
  }

  /** What is next, and the spaces behind it; null where that is something else. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.at += found[0].length;
    this.#skip();
    return found[0];
  }

  #skip(): void {
    while (this.#text[this.at] === ' ') this.at++;
  }

  wrong(what: string, remedy: string, at = this.at): MillpondError {
    const before = escaped(this.#text.slice(0, at));
    const shown = `${before}${escaped(this.#text.slice(at))}`;
    return new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A gate is a quantity, a comparison and a bound, as 'p99(fresh) > 1.2x'; this one has ${what}:\n  ${shown}\n  ${' '.repeat(before.length)}^\n${remedy}`,
    );
  }
}
