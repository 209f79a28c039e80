/** What a plot shows, in the page's own words. Types only. */
import type uPlot from 'uplot';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** In words, with its unit. */
  readonly format: (value: number) => string;
  /** Of the palette; null draws nothing. */
  readonly color: number | null;
  readonly scale?: 'y' | 'y2';
  readonly style?: 'line' | 'dashed' | 'steps' | 'area' | 'points';
  /** At first; its button shows it. */
  readonly isHidden?: boolean;
}

export interface Scale {
  readonly format: (value: number) => string;
  readonly isLog?: boolean;
  readonly isBytes?: boolean;
  readonly isSeconds?: boolean;
  readonly range?: readonly [number, number];
}

/** Everything that one drawing shows. */
export interface Model {
  readonly x: readonly number[];
  readonly xScale: Scale & { readonly ticks?: readonly number[] };
  readonly y: Scale;
  readonly y2?: Scale;
  readonly lines: readonly Line[];
  /** Where a point lies, in words. */
  readonly at: (index: number) => string;
  /** More to say of a point, or of a row of it. */
  readonly say?: (index: number, row: number | null) => string;
  /** Behind the lines, and over them. */
  readonly under?: (plot: uPlot) => void;
  readonly over?: (plot: uPlot) => void;
  /** Marks that are no lines, for the legend. */
  readonly marks?: readonly { readonly label: string; readonly className: string }[];
  /** The steps that up and down keys take along y, as a factor. */
  readonly rowFactor?: number;
}
