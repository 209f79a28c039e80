/**
 * The page of the API, made from the types and their comments: whatever an entry of the package exports, with
 * every option, method and field.
 */
import type { ESTree } from 'rolldown/utils';
import {
  commentBefore,
  type Declared,
  declarationOf,
  exportsOf,
  headerOf,
  sliced,
  sourceOf,
  typesIn,
} from './declarations.ts';

interface Member {
  /** As it is declared, such as `threads?: number`. */
  readonly code: string;
  readonly comment: string;
}

type Element = ESTree.TSSignature | ESTree.ClassElement;

/**
 * What an interface or a class has, and what it inherits from those that no entry exports, or takes as partly
 * optional. Fields of fields stand by their path.
 */
function membersOf(declared: Declared, exported: ReadonlySet<string>): Member[] {
  const { source, node } = declared;
  if (node.type === 'ClassDeclaration') return node.body.body.flatMap((member) => memberOf(declared, member));
  if (node.type !== 'TSInterfaceDeclaration') return [];
  const own = node.body.body.flatMap((member) => memberOf(declared, member));
  const inherited = node.extends.flatMap(({ start, end }) => {
    const text = sliced(source, start, end);
    const partial = /^Partial<(\w+)>$/.exec(text)?.[1];
    const base = partial === undefined && exported.has(text) ? null : declarationOf(source, partial ?? text);
    if (base === null) return [];
    const members = membersOf(base, exported);
    if (partial === undefined) return members;
    return members.map(({ code, comment }) => ({ code: code.replace(/^(\w+):/, '$1?:'), comment }));
  });
  return [...own, ...inherited];
}

function memberOf(declared: Declared, member: Element, path = ''): Member[] {
  const { source } = declared;
  const comment = commentBefore(source, member.start);
  const secret = 'key' in member && member.key.type === 'PrivateIdentifier';
  if (secret || comment.includes('@internal') || member.type === 'StaticBlock') return [];
  const type = 'typeAnnotation' in member ? member.typeAnnotation?.typeAnnotation : undefined;
  const nested = type === undefined || type === null ? null : fieldsOf(type);
  if (nested !== null && 'key' in member) {
    const name = `${path}${sliced(source, member.key.start, member.key.end)}${nested.suffix}`;
    const inside = nested.fields.flatMap((field) => memberOf(declared, field, `${name}.`));
    return comment === '' ? inside : [{ code: name, comment }, ...inside];
  }
  const value = 'value' in member ? member.value : null;
  const body = value !== null && 'body' in value ? value.body : null;
  const text = sliced(source, member.start, body?.start ?? value?.start ?? member.end);
  const code = text
    .replace(/^get (\w+)\(\)/, '$1')
    .replace(/^(?:(?:readonly|override|async) )+/, '')
    .replace(/^constructor/, `new ${declared.name}`)
    // A field of a class that begins as a number.
    .replace(/^(\w+) =$/, '$1: number')
    .replace(/ =$/, '');
  return [{ code: `${path}${code}`, comment }];
}

/** Of an object that is written where it is used, or of an array of such; null of anything else. */
function fieldsOf(type: ESTree.TSType): { suffix: string; fields: readonly ESTree.TSSignature[] } | null {
  if (type.type === 'TSTypeLiteral')
    return type.members.length > 1 ? { suffix: '', fields: type.members } : null;
  const inner =
    type.type === 'TSTypeOperator'
      ? type.typeAnnotation
      : type.type === 'TSArrayType'
        ? type.elementType
        : null;
  const found = inner === null ? null : fieldsOf(inner);
  return found === null
    ? null
    : { ...found, suffix: type.type === 'TSArrayType' ? `[]${found.suffix}` : found.suffix };
}

/** The text of a type. Of `(typeof NAMES)[number]` it is the names. */
function typeText({ source, node }: Declared): string {
  if (node.type !== 'TSTypeAliasDeclaration') return '';
  const { start, end } = node.typeAnnotation;
  const text = sliced(source, start, end);
  const listed = /^\(typeof (\w+)\)\[number\]$/.exec(text);
  const list = listed === null ? null : declarationOf(source, listed[1]);
  if (list?.node.type !== 'VariableDeclaration') return text;
  const names = sliced(list.source, list.node.start, list.node.end).match(/'[\w-]+'/g);
  return names === null ? text : names.join(' | ');
}

/** The comment as text of a page: what is thrown, given and returned in sentences of their own. */
function prose(comment: string): string {
  const text = comment
    .replaceAll(/(?:^|[\n ])@throws MillpondError /g, '\n\nThrows `MillpondError` ')
    .replaceAll(/(?:^|[\n ])@throws /g, '\n\nThrows ')
    .replaceAll(/(?:^|\n)@param (\w+) /g, '\n\n`$1`: ')
    .replaceAll(/(?:^|\n)@returns /g, '\n\nReturns ');
  const paragraphs = text.split(/\n\n+/).map((part) => part.replaceAll(/\s*\n\s*/g, ' ').trim());
  return paragraphs
    .filter((part) => part !== '')
    .map((part) => (/[.:;]$/.test(part) ? part : `${part}.`))
    .join('\n\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n\n', '<br>');

function tableOf(members: readonly Member[], exported: ReadonlySet<string>): string {
  const rows = members.map(({ code, comment }) => {
    // What has no words of its own has those of its type.
    const types = comment === '' ? new Set(code.match(/\b[A-Z]\w+\b/g)) : new Set<string>();
    const links = [...types].filter((name) => exported.has(name) && name !== 'Bytes').map(linkTo);
    return `| ${cell(`\`${code}\``)} | ${cell(prose(comment)) || links.join(', ')} |`;
  });
  return rows.length === 0 ? '' : ['| | |', '|---|---|', ...rows].join('\n');
}

/** What is written in code above the text: how a function is called, what a name stands for. */
function codeOf(declared: Declared, exported: ReadonlySet<string>): string {
  const { name, source, node } = declared;
  if (node.type === 'FunctionDeclaration') {
    const text = sliced(source, node.start, node.body?.start ?? node.end);
    return text.replace(/^(?:async )?function /, '');
  }
  if (node.type === 'TSTypeAliasDeclaration') {
    const parameters = node.typeParameters;
    const generic = parameters === null ? '' : sliced(source, parameters.start, parameters.end);
    return `type ${name}${generic} = ${typeText(declared)}`;
  }
  if (node.type === 'VariableDeclaration') {
    const text = sliced(source, node.declarations[0].start, node.declarations[0].end);
    return `const ${text.length > 160 ? (/^\w+(?:: [\w<>, ]+)?/.exec(text)?.[0] ?? name) : text}`;
  }
  if (node.type !== 'TSInterfaceDeclaration') return '';
  const bases = node.extends
    .map(({ start, end }) => sliced(source, start, end))
    .filter((base) => exported.has(base) || declarationOf(source, base) === null);
  return bases.length === 0 ? '' : `${name} extends ${bases.join(', ')}`;
}

function sectionOf(declared: Declared, exported: ReadonlySet<string>): string {
  const code = codeOf(declared, exported);
  const block = code === '' ? '' : `\`\`\`ts\n${code}\n\`\`\``;
  const table = tableOf(membersOf(declared, exported), exported);
  // A class that is all of its file is told of at the top of it.
  const told = declared.node.type === 'ClassDeclaration' ? headerOf(declared.source) : '';
  const parts = [`### ${declared.name}`, block, prose(declared.comment || told), table];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Types that a section refers to, what it inherits included. */
function typesOf({ source, node }: Declared, exported: ReadonlySet<string>): Declared[] {
  if (node.type === 'ClassDeclaration') return [];
  if (node.type !== 'TSInterfaceDeclaration') {
    const body = node.type === 'FunctionDeclaration' ? node.body : null;
    return typesIn(source, sliced(source, node.start, body?.start ?? node.end));
  }
  const bases = node.extends.flatMap(({ start, end }) => typesIn(source, sliced(source, start, end)));
  return [
    ...typesIn(source, sliced(source, node.body.start, node.body.end)),
    ...bases.flatMap((base) => (exported.has(base.name) ? [] : typesOf(base, exported))),
  ];
}

const isType = ({ node }: Declared): boolean =>
  node.type === 'TSInterfaceDeclaration' || node.type === 'TSTypeAliasDeclaration';

const INTRODUCTION = `# API

Every name that the package's entries export, with every option, method and field. It is made from the types and their
comments, which editors show, too; a test compares. Units end names: \`timeoutMs\`, \`budgetBytes\`. Errors have
[codes](errors.md). What is passed wrongly throws; a call that returns a promise rejects.`;

/** What people come for stands before the rest of its entry, in this order. */
const FIRST = [
  ...[
    'createRuntime',
    'RuntimeOptions',
    'Runtime',
    'Runner',
    'RunOptions',
    'CloseReport',
    'Pool',
    'AcquireOptions',
  ],
  ...[
    'Lease',
    'Pin',
    'defineJob',
    'JobContext',
    'BlockAdvice',
    'transcode',
    'TranscodeRequest',
    'TranscodeResult',
  ],
  ...['openDecoder', 'Decoder', 'Block', 'register'],
];

/** What comes first, then values, then types. */
function ordered(all: readonly Declared[]): Declared[] {
  const first = FIRST.flatMap((name) => all.find((one) => one.name === name) ?? []);
  const rest = all.filter(({ name }) => !FIRST.includes(name));
  return [...first, ...rest.filter((one) => !isType(one)), ...rest.filter(isType)];
}

const linkTo = (name: string): string => `[\`${name}\`](#${name.toLowerCase()})`;

/** @param entries by the names that users write, the file of each */
export function apiPage(entries: ReadonlyMap<string, string>): string {
  const all = [...entries.values()].flatMap((file) => exportsOf(sourceOf(file)));
  const exported = new Set(all.map(({ name }) => name));
  const told = new Set<string>();
  const parts = [...entries].flatMap(([entry, file]) => {
    const names = exportsOf(sourceOf(file));
    const again = names.filter(({ name }) => told.has(name));
    const here = ordered(names.filter(({ name }) => !told.has(name)));
    for (const { name } of here) told.add(name);
    const too =
      again.length === 0 ? '' : ` It exports ${again.map(({ name }) => linkTo(name)).join(', ')}, too.`;
    return [
      `## ${entry}`,
      `${prose(headerOf(sourceOf(file)))}${too}`,
      here.map(({ name }) => linkTo(name)).join(', '),
      ...here.map((declared) => sectionOf(declared, exported)),
    ];
  });
  const nameless = unexported(all, exported);
  const last = [
    '## Types that only others name',
    ...nameless.map((declared) => sectionOf(declared, exported)),
  ];
  return `${[INTRODUCTION, ...parts, ...last].join('\n\n')}\n`;
}

/** Types that the exported ones are made of, and that no entry exports. */
function unexported(all: readonly Declared[], exported: ReadonlySet<string>): Declared[] {
  const seen = new Map<string, Declared>();
  const look = (declared: Declared): void => {
    for (const type of typesOf(declared, exported)) {
      if (exported.has(type.name) || seen.has(type.name) || !isType(type)) continue;
      seen.set(type.name, type);
      look(type);
    }
  };
  all.forEach(look);
  return [...seen.values()];
}
