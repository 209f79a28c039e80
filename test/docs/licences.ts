/** The tables of the page of licences: what an install brings, and what lies in the package. */
import { readFileSync } from 'node:fs';

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

interface Brought {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Its place in an install, as the lock file names it. */
  readonly place: string;
  /** An install does without it where its platform has none, or where it is told to. */
  readonly optional: boolean;
}

/** Packages whose code lies in `dist`, with what it is there for. */
export const GATHERED: Readonly<Record<string, string>> = {
  'node-av': "FFmpeg's JavaScript side, in `dist/src/chunks`; its licence is `dist/LICENSE-node-av.md`",
  uplot: "plots of the report's page, in `dist/src/report/page`; its licence stands at the head of `page.js`",
};

export function readLock(): Lock {
  return JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
}

/** All that is installed with the package, whatever the platform. */
export function broughtBy({ packages }: Lock): Brought[] {
  const found = new Map<string, Brought>();
  const visit = (from: string, optional: boolean): void => {
    const { dependencies = {}, optionalDependencies = {} } = packages[from];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(packages, from, name);
      const isOptional = optional || name in optionalDependencies;
      if (place === null || found.get(place)?.optional === false) continue;
      if (found.has(place) && isOptional) continue;
      const { version, license = 'not stated' } = packages[place];
      found.set(place, { name, version, licence: license, place, optional: isOptional });
      visit(place, isOptional);
    }
  };
  visit('', false);
  return [...found.values()].sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** As Node looks for it: beside who asks for it, then ever further out. */
function placeOf(packages: Lock['packages'], from: string, name: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (place in packages) return place;
    if (folder === '') return null;
  }
}

/** Where the tables of the page begin. */
const TABLES = '\n## In the package itself\n';

/** @param page as it is: its text stays */
export function licencesPage(lock: Lock, page: string): string {
  const brought = broughtBy(lock);
  const rows = (some: readonly Brought[]): string[] => {
    const lines = some.map(({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence} |`);
    return ['| package | version | licence |', '|---|---|---|', ...new Set(lines)];
  };
  const gathered = Object.entries(GATHERED).map(([name, what]) => {
    const { version, license } = lock.packages[`node_modules/${name}`];
    return `| \`${name}\` | ${version} | ${license} | ${what} |`;
  });
  const binaries = brought.filter(({ name }) => name.startsWith('@seydx/'));
  const others = brought.filter((one) => !binaries.includes(one));
  return [
    page.split(TABLES)[0].trimEnd(),
    TABLES,
    '| package | version | licence | what for |',
    '|---|---|---|---|',
    ...gathered,
    '',
    '## Installed with it',
    '',
    ...rows(others.filter(({ optional }) => !optional)),
    '',
    '## Installed with it where there is one for the platform, and without `--omit=optional`',
    '',
    "FFmpeg's binaries say MIT of themselves, which is their JavaScript binding; what is linked into them is under the GPL, as above.",
    '',
    ...rows(binaries),
    '',
    'Native code that Piscina uses to set the niceness of threads, which nothing here asks for:',
    '',
    ...rows(others.filter(({ optional }) => optional)),
    '',
  ].join('\n');
}
