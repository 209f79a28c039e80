/** Makes the page's script and style out of their sources; for the build, and for a checkout. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** In the order of the cascade. */
const STYLES = ['page', 'figures', 'plots', 'details', 'media'];

export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

export async function bundleAssets(): Promise<PageAssets> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL('./client/main.ts', import.meta.url)),
    platform: 'browser',
    resolve: { conditionNames: ['import', 'module', 'default'] },
  });
  try {
    const { output } = await bundle.generate({ format: 'iife', minify: true });
    const plots = await readFile(new URL(import.meta.resolve('uplot/dist/uPlot.min.css')), 'utf8');
    const licence = await readFile(new URL(import.meta.resolve('uplot/LICENSE')), 'utf8');
    const styles = await Promise.all(
      STYLES.map((name) => readFile(new URL(`./client/${name}.css`, import.meta.url), 'utf8')),
    );
    return {
      script: `/* uPlot, which this holds:\n${licence}*/\n${output[0].code}`,
      style: [plots, ...styles].join('\n'),
    };
  } finally {
    await bundle.close();
  }
}
