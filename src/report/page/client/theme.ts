/** The colours of the page's style, as a canvas takes them; read anew when light and dark change. */

const probe = document.createElement('span');
const read = new Map<string, string>();
const listeners: (() => void)[] = [];

/** Of a custom property, `--line-0`. */
export function color(name: string): string {
  let value = read.get(name);
  if (value === undefined) {
    if (!probe.isConnected) {
      probe.hidden = true;
      document.body.append(probe);
    }
    probe.style.color = `var(${name})`;
    value = getComputedStyle(probe).color;
    read.set(name, value);
  }
  return value;
}

export function line(index: number): string {
  return color(`--line-${index % 8}`);
}

export function onTheme(listener: () => void): void {
  listeners.push(listener);
}

/** The button turns to the other theme than what is seen; nothing is stored. Paper is light. */
export function watchTheme(button: HTMLButtonElement): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const changed = () => {
    button.textContent = isDark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Show it ${isDark() ? 'light' : 'dark'}`);
    read.clear();
    for (const listener of listeners) listener();
  };
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    changed();
  });
  button.hidden = false;
  dark.addEventListener('change', changed);
  matchMedia('print').addEventListener('change', changed);
  changed();
}
