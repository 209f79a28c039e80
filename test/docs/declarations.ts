/**
 * What the entries of the package export, found through all re-exports, with the comments and the text of the
 * types as they stand in the sources. The parser is that of the rules of the house.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { type ESTree, parseSync } from 'rolldown/utils';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Source {
  readonly file: string;
  readonly text: string;
  readonly body: ESTree.Program['body'];
  readonly comments: readonly { readonly value: string; readonly end: number }[];
}

/** Something with a name, where it is declared. */
export interface Declared {
  readonly name: string;
  readonly source: Source;
  readonly node: ESTree.Declaration;
  readonly comment: string;
}

const sources = new Map<string, Source>();

export function sourceOf(file: string): Source {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(root, file), 'utf8');
  const { program, comments } = parseSync(file, text, { lang: 'ts' });
  const source = { file, text, body: program.body, comments };
  sources.set(file, source);
  return source;
}

/** The text of the comment at the top of a file. */
export function headerOf({ comments }: Source): string {
  return comments.length === 0 ? '' : words(comments[0].value);
}

/** The text of the `/**` comment that ends right before a place. */
export function commentBefore({ text, comments }: Source, start: number): string {
  const end = text.slice(0, start).trimEnd().length;
  const found = comments.find((comment) => comment.end === end && comment.value.startsWith('*'));
  return found === undefined ? '' : words(found.value);
}

/** A comment's lines without their stars; `{@link x}` is code. */
function words(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*+ ?/, '').trimEnd());
  return lines
    .join('\n')
    .replaceAll(/\{@link (.+?)\}/g, '`$1`')
    .trim();
}

/** The source text on one line, without its last semicolon and without commas at the end of lists. */
export function sliced({ text }: Source, start: number, end: number): string {
  const line = text
    .slice(start, end)
    .replaceAll(/\/\*\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line
    .replaceAll(/, ([)}>\]])/g, ' $1')
    .replaceAll('( ', '(')
    .replaceAll(' )', ')')
    .replace(/;$/, '');
}

const nameOf = (node: ESTree.ModuleExportName): string => ('name' in node ? node.name : node.value);

function declaredNames(node: ESTree.Directive | ESTree.Statement): string[] {
  if (node.type === 'VariableDeclaration') {
    return node.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  }
  return 'id' in node && node.id !== null && 'name' in node.id ? [node.id.name] : [];
}

/** The declaration of a name, wherever a file has it from; null where that is a package, or the language. */
export function declarationOf(source: Source, name: string): Declared | null {
  for (const node of source.body) {
    const exported = node.type === 'ExportNamedDeclaration' ? node.declaration : null;
    const declaration = exported ?? node;
    if (declaredNames(declaration as ESTree.Statement).includes(name)) {
      const comment = commentBefore(source, node.start);
      return { name, source, node: declaration as ESTree.Declaration, comment };
    }
    if (node.type === 'ImportDeclaration') {
      for (const specifier of node.specifiers) {
        if (specifier.type !== 'ImportSpecifier' || specifier.local.name !== name) continue;
        return follow(source, node.source.value, nameOf(specifier.imported));
      }
    } else if (node.type === 'ExportNamedDeclaration' && node.source !== null) {
      for (const { local, exported } of node.specifiers) {
        if (nameOf(exported) === name) return follow(source, node.source.value, nameOf(local));
      }
    }
  }
  return null;
}

function follow(source: Source, target: string, name: string): Declared | null {
  if (!target.startsWith('.')) return null;
  return declarationOf(sourceOf(join(dirname(source.file), target)), name);
}

/** What a file exports, by its names, in its order. */
export function exportsOf(source: Source): Declared[] {
  const names = source.body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration') return [];
    const own = node.declaration === null ? [] : declaredNames(node.declaration as ESTree.Statement);
    return [...own, ...node.specifiers.map(({ exported }) => nameOf(exported))];
  });
  return names.map((name) => {
    const declared = declarationOf(source, name);
    if (declared === null) throw new Error(`${source.file} exports ${name}, which is not declared here`);
    return { ...declared, name };
  });
}

/** The names of all types that a text refers to, which are declared in this project. */
export function typesIn(source: Source, text: string): Declared[] {
  const names = new Set(Array.from(text.matchAll(/\b[A-Z]\w+\b/g), ([name]) => name));
  return [...names].flatMap((name) => declarationOf(source, name) ?? []);
}
