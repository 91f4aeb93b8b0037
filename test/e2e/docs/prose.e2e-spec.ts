import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');
const MAX_WIDTH = 100;

/**
 * Phrases that we do not use, and what to write instead. Only phrases that are wrong everywhere: a
 * reader has to judge the rest.
 */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\banew\b/, 'again'],
  [/\bbeside\b/, 'next to, besides'],
  [/\bfor\s+want\s+of\b/, 'without'],
  [/\b(?:takes?|took|taking)\s+notice\b/, 'notices'],
  [/\b(?:is|are|was|were|be)\s+told\s+of\b/, 'learns about'],
  [/\b(?:nobody|somebody)\b/, 'no client, a client'],
  [/\bwhoever\b/, 'anyone who'],
  [/\b(?:goes|go|went)\s+on\b/, 'continues'],
  [/\bstands\b/, 'is'],
  [/\b(?:he|him|himself)\b/, 'it, they'],
];

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'bench/README.md',
  'clients/examples/README.md',
  'clients/python/README.md',
  'clients/typescript/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** Blanks out the code of a page. The line numbers stay the same. */
function proseLines(text: string): string[] {
  let isCode = false;
  return text.split('\n').map((line) => {
    const isFence = /^\s*```/.test(line);
    if (isFence) isCode = !isCode;
    return isCode || isFence ? '' : line.replaceAll(/`[^`]*`/g, (code) => '`'.repeat(code.length));
  });
}

/** The problems of a page, as `LINE: problem`. */
function problemsOf(text: string): string[] {
  const lines = proseLines(text);
  const prose = lines.join('\n');
  const phrases = BANNED.flatMap(([pattern, instead]) =>
    [...prose.matchAll(new RegExp(pattern, 'gi'))].map(({ 0: phrase, index }) => {
      const line = prose.slice(0, index).split('\n').length;
      return `${line}: ${phrase.replaceAll(/\s+/g, ' ')} (write: ${instead})`;
    }),
  );
  const wide = lines.flatMap((line, index) =>
    isTooWide(line) ? [`${index + 1}: wider than ${MAX_WIDTH}`] : [],
  );
  return [...phrases, ...wide];
}

/** Tables, headings and images cannot be wrapped, nor can one long word. */
function isTooWide(line: string): boolean {
  return line.length > MAX_WIDTH && !/^(?:\||#|!\[|<!--)/.test(line) && line.trim().includes(' ');
}

const problems = (page: string) => problemsOf(readFileSync(join(ROOT, page), 'utf8'));

describe('a page follows the words and the width of our guide', () => {
  it.each(PAGES)('%s', (page) => {
    expect(problems(page)).toEqual([]);
  });
});

it.each([
  ['The file is made anew.', ['1: anew (write: again)']],
  ['For\nwant of a nail', ['1: For want of (write: without)']],
  ['`anew` is a word.', []],
  ['```\nanew\n```', []],
  [`| ${'wide '.repeat(30)}|`, []],
  ['wide '.repeat(30), ['1: wider than 100']],
])('the check finds exactly the problems of %j', (text, found) => {
  expect(problemsOf(text)).toEqual(found);
});
