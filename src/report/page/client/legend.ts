/**
 * The words below a plot: where the cursor is, and of each line its value there; a line is hidden and shown
 * by its button.
 */
import type { Model } from './model.ts';
import { color, line } from './theme.ts';

interface Entry {
  readonly value: HTMLElement;
  readonly swatch: HTMLElement;
  readonly color: number | null;
}

export class Legend {
  readonly element = document.createElement('div');
  readonly #toggle: (index: number, isShown: boolean) => void;
  readonly #at = document.createElement('p');
  readonly #lines = document.createElement('ul');
  /** Read out after keys alone: a mouse would never stop. */
  readonly #spoken = document.createElement('p');
  #entries: Entry[] = [];
  #model: Model | null = null;

  constructor(toggle: (index: number, isShown: boolean) => void) {
    this.#toggle = toggle;
    this.element.className = 'legend';
    this.#at.className = 'at';
    this.#spoken.className = 'unseen';
    this.#spoken.setAttribute('role', 'status');
    this.element.append(this.#lines, this.#at, this.#spoken);
  }

  show(model: Model): void {
    this.#model = model;
    this.#lines.replaceChildren();
    this.#entries = model.lines.map((one, index) => {
      const item = document.createElement('li');
      const button = document.createElement('button');
      const swatch = document.createElement('span');
      const value = document.createElement('span');
      button.type = 'button';
      button.setAttribute('aria-pressed', String(!one.isHidden));
      button.addEventListener('click', () => {
        const isShown = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(isShown));
        this.#toggle(index, isShown);
      });
      swatch.className = `swatch ${one.style ?? 'line'}`;
      value.className = 'value';
      button.append(swatch, one.label);
      item.append(button, ' ', value);
      if (one.color !== null) this.#lines.append(item);
      return { value, swatch, color: one.color };
    });
    for (const { label, className } of model.marks ?? []) {
      const item = document.createElement('li');
      const swatch = document.createElement('span');
      swatch.className = `swatch ${className}`;
      item.append(swatch, label);
      this.#lines.append(item);
    }
    this.recolor();
    this.read(null, null);
  }

  recolor(): void {
    for (const { swatch, color: index } of this.#entries) {
      swatch.style.color = index === null ? color('--muted') : line(index);
    }
  }

  /** `row` is a value of y, where rows are read. */
  read(index: number | null, row: number | null): void {
    const model = this.#model;
    if (model === null) return;
    this.#entries.forEach(({ value }, at) => {
      const { values, format } = model.lines[at];
      const figure = index === null ? null : (values[index] ?? null);
      value.textContent = figure === null ? '' : format(figure);
    });
    const more = index === null ? '' : (model.say?.(index, row) ?? '');
    this.#at.textContent = index === null ? '\u00a0' : `${model.at(index)}${more === '' ? '' : ` · ${more}`}`;
  }

  speak(): void {
    const values = this.#entries.flatMap(({ value }, at) =>
      value.textContent ? `${this.#model?.lines[at].label} ${value.textContent}` : [],
    );
    this.#spoken.textContent = [this.#at.textContent, ...values].join(', ');
  }
}
