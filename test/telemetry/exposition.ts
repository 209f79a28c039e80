/**
 * A strict reader of Prometheus' text format, version 0.0.4: it takes nothing that the format does not
 * promise.
 */

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i;

/** @throws Error with the line that breaks the format */
export function readExposition(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('The last line has no line feed.');
  const families: (Family & { samples: Sample[] })[] = [];
  const seen = new Set<string>();
  let help: { name: string; text: string } | null = null;
  for (const line of text.split('\n')) {
    const refuse = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line === '') continue;
    if (line.startsWith('# HELP ')) {
      const [, name, words] = /^# HELP (\S+) (.+)$/.exec(line) ?? refuse('no help');
      help = { name, text: words };
    } else if (line.startsWith('# TYPE ')) {
      const [, name, type] = /^# TYPE (\S+) (counter|gauge|summary)$/.exec(line) ?? refuse('no type');
      if (!NAME.test(name)) refuse('no name of a metric');
      if (help?.name !== name) refuse('type without help before it');
      if (families.some((family) => family.name === name)) refuse('a second time');
      families.push({ name, help: help!.text, type: type as Family['type'], samples: [] });
    } else if (line.startsWith('#')) {
      refuse('a comment of no known kind');
    } else {
      const [, name, inner, value] = SAMPLE.exec(line) ?? refuse('no sample');
      if (!NUMBER.test(value)) refuse('no number');
      const labels = inner === undefined ? {} : (readLabels(inner) ?? refuse('no labels'));
      const family = families.at(-1) ?? refuse('a sample without a family');
      if (!belongs(name, labels, family)) refuse(`a sample that is not of ${family.name}`);
      const identity = JSON.stringify([name, Object.entries(labels).sort()]);
      if (seen.has(identity)) refuse('the same labels twice');
      seen.add(identity);
      family.samples.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  return families;
}

function readLabels(inner: string): Record<string, string> | null {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const match = LABEL.exec(inner);
    if (match === null || match[1] in labels) return null;
    labels[match[1]] = match[2].replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
  }
  return labels;
}

function belongs(name: string, labels: Record<string, string>, { name: family, type }: Family): boolean {
  if (type !== 'summary') return name === family && !('quantile' in labels);
  if (name === family) return 'quantile' in labels;
  return (name === `${family}_sum` || name === `${family}_count`) && !('quantile' in labels);
}

/** The one sample of a name with these labels and no others. */
export function sampleOf(
  families: readonly Family[],
  sample: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const found = families
    .flatMap(({ samples }) => samples)
    .filter(
      ({ name, labels }) => name === sample && JSON.stringify(Object.entries(labels).sort()) === wanted,
    );
  if (found.length !== 1) throw new Error(`${found.length} samples are ${sample} ${wanted}`);
  return found[0].value;
}
