/**
 * What the rules of the house read of a source file: what it imports, what it exports, which files it names
 * by their address, and its comments. The parser is the bundler's: it knows TypeScript, and says where
 * everything stands.
 */
import { dirname, join } from 'node:path/posix';
import { parseSync } from 'rolldown/utils';

interface Import {
  /** A file by its path in the tree, or a package as it is written. */
  readonly target: string;
  /** With the module, once code of it asks, or never: types are erased. */
  readonly loads: 'now' | 'later' | 'never';
  /** What it takes of the target; `*` is everything. */
  readonly names: readonly string[];
}

export interface Piece {
  readonly start: number;
  readonly end: number;
}

export interface Module {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** `*` for `export * from`, which does not say what it passes on. */
  readonly exports: readonly string[];
  /** Files named by `new URL('./x.ts', import.meta.url)`: what a template fills in is a `*`. */
  readonly addresses: readonly string[];
  /** Where its comments stand, `#!` not among them. */
  readonly comments: readonly Piece[];
  /** Where strings, templates and regular expressions stand. Read only where a line is too long. */
  readonly literals: () => readonly Piece[];
}

type Node = { readonly type: string; readonly [key: string]: unknown };

/** @param self what the package calls its own entries: specifier to file */
export function parseModule(
  file: string,
  text: string,
  self: ReadonlyMap<string, string> = new Map(),
): Module {
  const parsed = parseSync(file, text, { lang: 'ts' });
  if (parsed.errors.length > 0) throw new Error(`${file}: ${parsed.errors[0].message}`);
  const resolve = (name: string): string =>
    /^\.{1,2}\//.test(name) ? join(dirname(file), name) : (self.get(name) ?? name);
  const imports: Import[] = [];
  const exports: string[] = [];
  const addresses: string[] = [];
  const { staticImports, staticExports } = parsed.module;
  // Of the syntax itself only these need more than the list of imports and exports, which is quick to get.
  const nodes = /\bimport\s*\(|\brequire\(|\bnew URL\(|\bimport \* as\b/.test(text)
    ? [...walk(parsed.program)]
    : [];
  const properties = namesReadOff(nodes);

  for (const { start, moduleRequest, entries } of staticImports) {
    // `import { type T } from` loads its target all the same; only `import type` is erased.
    const loads = /^import\s+type\b/.test(text.slice(start, start + 20)) ? 'never' : 'now';
    const names = entries.flatMap(({ importName: { kind, name } }) => {
      if (kind === 'Name') return [name ?? ''];
      return kind === 'Default' ? ['default'] : properties;
    });
    imports.push({ target: resolve(moduleRequest.value), loads, names });
  }
  for (const { start, entries } of staticExports) {
    const loads = /^export\s+type\b/.test(text.slice(start, start + 20)) ? 'never' : 'now';
    for (const { moduleRequest, importName, exportName } of entries) {
      exports.push(exportName.kind === 'Default' ? 'default' : (exportName.name ?? '*'));
      if (moduleRequest === null) continue;
      imports.push({ target: resolve(moduleRequest.value), loads, names: [importName.name ?? '*'] });
    }
  }

  const imported = new Set<Node>();
  for (const node of nodes) {
    if (node.type === 'ImportExpression') {
      for (const inside of walk(node.source)) {
        imported.add(inside);
        for (const name of written(inside)) {
          // Inside an expression, `fresh ? './a.ts' : './b.ts'`, not every string is a module.
          if (inside !== node.source && !/^\.{1,2}\//.test(name)) continue;
          imports.push({ target: resolve(name), loads: 'later', names: properties });
        }
      }
    } else if (node.type === 'TSImportType') {
      for (const name of written(node.source)) {
        imports.push({ target: resolve(name), loads: 'never', names: [firstName(node.qualifier) ?? '*'] });
      }
    } else if (node.type === 'CallExpression' && (node.callee as Node).name === 'require') {
      for (const name of (node.arguments as Node[]).flatMap(written)) {
        imports.push({ target: resolve(name), loads: 'later', names: ['*'] });
      }
    }
  }
  for (const node of nodes) {
    if (node.type !== 'NewExpression' || (node.callee as Node).name !== 'URL' || imported.has(node)) continue;
    const [path, base] = node.arguments as (Node | undefined)[];
    // Beside the file that says so, also without the `./`.
    if (base?.type === 'MemberExpression') {
      addresses.push(...written(path).map((name) => join(dirname(file), name)));
    }
  }

  const comments = parsed.comments.filter(({ type }) => type === 'Line' || type === 'Block');
  return { file, text, imports, exports, addresses, comments, literals: () => literalsOf(parsed.program) };
}

/** A style sheet has comments, and none of the rest. */
export function parseSheet(file: string, text: string): Module {
  const comments = Array.from(text.matchAll(/\/\*[\s\S]*?\*\//g), ({ 0: { length }, index }) => ({
    start: index,
    end: index + length,
  }));
  return { file, text, imports: [], exports: [], addresses: [], comments, literals: () => [] };
}

/**
 * Every name that is read off an object, as `x.name` or `const { name } = x`: of a namespace that is what is
 * used.
 */
function namesReadOff(nodes: readonly Node[]): string[] {
  const names = new Set<string>();
  for (const node of nodes) {
    if (node.type === 'MemberExpression' && node.computed === false) {
      names.add(String((node.property as Node).name));
    } else if (node.type === 'TSQualifiedName') {
      names.add(String((node.right as Node).name));
    } else if (node.type === 'ObjectPattern') {
      for (const property of node.properties as Node[]) {
        if (property.type === 'Property') names.add(String((property.key as Node).name));
      }
    }
  }
  return [...names];
}

function literalsOf(program: unknown): Piece[] {
  return [...walk(program)].flatMap((node) => {
    const literal =
      node.type === 'TemplateLiteral' ||
      (node.type === 'Literal' && (typeof node.value === 'string' || 'regex' in node));
    return literal ? [{ start: node.start as number, end: node.end as number }] : [];
  });
}

/** The text of a string or a template; what the template fills in is a `*`. */
function written(node: unknown): string[] {
  const { type, value, quasis } = (node ?? {}) as Node;
  if (type === 'Literal' && typeof value === 'string') return [value];
  if (type !== 'TemplateLiteral') return [];
  return [(quasis as { value: { cooked: string } }[]).map((quasi) => quasi.value.cooked).join('*')];
}

function firstName(qualifier: unknown): string | undefined {
  const { name, left } = (qualifier ?? {}) as { name?: string; left?: unknown };
  return name ?? (left === undefined ? undefined : firstName(left));
}

function* walk(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value) yield* walk(item);
  } else if (typeof value === 'object' && value !== null) {
    if (typeof (value as Node).type === 'string') yield value as Node;
    for (const child of Object.values(value)) yield* walk(child);
  }
}
