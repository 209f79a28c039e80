/**
 * Draws the plots of a page into their places, and lets a reader choose what they show. Runs in the browser.
 */
import type { CurveData, DrawnData, DrawnRun, TimeData } from '../data.ts';
import { bytes, bytesPerSecond, duration, letterOf } from '../format.ts';
import { Group } from './group.ts';
import { heatModel } from './heat.ts';
import type { Model, Scale } from './model.ts';
import { blockModel, budgetModel, loadModel, overlaid, pausesModel, throughputModel } from './over-time.ts';
import { everyOf, latencyCurves, percentileModel } from './percentiles.ts';
import { Plot } from './plot.ts';
import { watchTheme } from './theme.ts';

const data: DrawnData = JSON.parse(document.getElementById('data')?.textContent ?? '');
const { runs, nines } = data;
const names = runs.map((_, index) => letterOf(index));
const time = new Group('time');

interface Choice {
  readonly label: string;
  readonly options: readonly string[];
}

/** A plot whose model depends on what is chosen; a choice of one is none. */
function plot(
  id: string,
  group: Group | null,
  choices: readonly Choice[],
  model: (...chosen: readonly number[]) => Model | null,
): void {
  const figure = document.getElementById(`plot-${id}`) as HTMLElement;
  const drawn = new Plot(figure, figure.querySelector('h2')?.textContent ?? id, group);
  const selects = choices.map(({ options }) => {
    const select = document.createElement('select');
    select.append(...options.map((option, index) => new Option(option, String(index))));
    return select;
  });
  const show = () => {
    const shown = model(...selects.map(({ selectedIndex }) => selectedIndex));
    if (shown !== null) drawn.show(shown);
    else figure.querySelector('.place')?.replaceChildren('Nothing of it was recorded.');
  };
  const chooser = document.createElement('p');
  chooser.className = 'chooser';
  choices.forEach(({ label, options }, index) => {
    if (options.length < 2) return;
    const element = document.createElement('label');
    element.append(`${label} `, selects[index]);
    selects[index].addEventListener('change', show);
    chooser.append(element);
  });
  if (chooser.childElementCount > 0) figure.querySelector('figcaption')?.append(chooser);
  show();
}

const ofRun: Choice = { label: 'Run', options: names };
const severalRuns: Choice = {
  label: 'Runs',
  options: runs.length > 1 ? ['over each other', ...names] : ['one'],
};

function timePlot(
  id: string,
  detail: (run: DrawnRun) => Model,
  scale: Scale,
  of: (time: TimeData) => readonly (number | null)[],
): void {
  plot(id, time, [severalRuns], (chosen) => {
    const model =
      runs.length > 1 && chosen === 0
        ? overlaid(runs, names, scale, of)
        : detail(runs[Math.max(0, chosen - 1)]);
    return model.lines.length > 0 && model.x.length > 0 ? model : null;
  });
}

/** Of one run all curves; of several one of each. */
function curvePlot(id: string, label: string, of: (run: DrawnRun) => readonly CurveData[]): void {
  const kinds = everyOf(runs, (run) => of(run).map(({ name }) => name));
  plot(id, null, runs.length > 1 ? [{ label, options: kinds }] : [], (kind) => {
    const curves = runs.flatMap((run, index) =>
      of(run)
        .filter(({ name }) => runs.length === 1 || name === kinds[kind])
        .map((curve) => ({ label: runs.length > 1 ? names[index] : curve.name, curve })),
    );
    return curves.length > 0 ? percentileModel(curves, nines) : null;
  });
}

function draw(): void {
  const tiers = everyOf(runs, ({ curves }) => curves.map(({ tier }) => tier));
  const causes = runs.length > 1 ? everyOf(runs, ({ curves }) => curves.map(({ name }) => name)) : ['all'];
  const ofTier: Choice = { label: 'Tier', options: tiers };
  plot('percentiles', null, [ofTier, { label: 'Served by', options: causes }], (tier, cause) => {
    const curves = latencyCurves(runs, names, tiers[tier], causes[cause]);
    return curves.length > 0 ? percentileModel(curves, nines) : null;
  });
  const layers = runs[0].heat.layers.map(({ name }) => name);
  plot('heat', time, [{ label: 'Show', options: layers }, ofRun], (layer, run) =>
    runs[run].heat.layers[layer].columns.some((column) => column.length > 0)
      ? heatModel(runs[run], layer)
      : null,
  );
  const memory: Scale = { format: bytes, isBytes: true };
  timePlot('budget', budgetModel, memory, ({ usedBytes }) => usedBytes);
  timePlot('block', blockModel, memory, ({ blockBytes }) => blockBytes);
  plot('load', null, [], () => {
    const model = loadModel(runs, names);
    return model.x.length > 0 ? model : null;
  });
  const rate: Scale = { format: bytesPerSecond, isBytes: true };
  timePlot('throughput', throughputModel, rate, ({ throughputSum }) => throughputSum);
  curvePlot('lifetimes', 'Tier', (run) => run.lifetimes);
  const pause: Scale = { format: duration, isLog: true };
  timePlot('pauses', pausesModel, pause, ({ pauses, to }) =>
    to.map((_, at) => pauses.reduce<number | null>((most, { values }) => longer(most, values[at]), null)),
  );
  curvePlot('pause-percentiles', 'Kind', (run) => run.gc.kinds);
}

function longer(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

watchTheme(document.getElementById('theme') as HTMLButtonElement);
draw();

// Paper has no folds: what is folded on the screen is printed, too.
const opened = new Set<HTMLDetailsElement>();
addEventListener('beforeprint', () => {
  for (const fold of document.querySelectorAll('details')) {
    if (!fold.open) opened.add(fold);
    fold.open = true;
  }
});
addEventListener('afterprint', () => {
  for (const fold of opened) fold.open = false;
  opened.clear();
});
