import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '../..');

/** A fenced code block of a document. */
export interface CodeBlock {
  /** FILE:LINE, for error messages. */
  readonly name: string;
  /** The language after the fence: `js`, `json`. */
  readonly language: string;
  readonly code: string;
  /** The last heading before the block, without back-ticks. */
  readonly heading: string;
  /** Whether the line before the block is `<!-- run -->`. */
  readonly runs: boolean;
}

const CLIENTS = ['examples', 'python', 'typescript'].map((client) => `clients/${client}/README.md`);

/** The documents whose code is checked. */
export function documents(): string[] {
  const pages = readdirSync(join(ROOT, 'docs')).filter((file) => file.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...CLIENTS, ...pages.map((file) => `docs/${file}`)];
}

export function codeBlocks(files: readonly string[] = documents()): CodeBlock[] {
  return files.flatMap((file) => blocksOf(file, readFileSync(join(ROOT, file), 'utf8')));
}

export function blocksOf(file: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let heading = '';
  let marked = false;
  let open: { line: number; language: string; indent: string; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^(\s*)```(\w*)\s*$/.exec(line);
    if (open) {
      if (!fence || fence[2] !== '') {
        open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
        continue;
      }
      const { language, lines } = open;
      blocks.push({
        name: `${file}:${open.line}`,
        language,
        code: `${lines.join('\n')}\n`,
        heading,
        runs: marked,
      });
      open = undefined;
      marked = false;
    } else if (fence) {
      open = { line: index + 1, language: fence[2]!, indent: fence[1]!, lines: [] };
    } else if (/^#+ /.test(line)) {
      heading = line.replace(/^#+ /, '').replaceAll('`', '');
    } else if (line.trim() !== '') {
      marked = line.trim() === '<!-- run -->';
    }
  }
  if (open) throw new Error(`${file}:${open.line}: the block is not closed`);
  return blocks;
}
