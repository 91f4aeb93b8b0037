import type { Readable } from 'node:stream';

/** A line that is longer is passed on in pieces. pino's lines are far shorter. */
const MAX_LINE = 1_048_576;

/** Passes on whole lines, so that those of several processes are not mixed. */
export function forwardLines(from: Readable, to: { write(line: string): void }): void {
  let rest = '';
  from.setEncoding('utf8');
  from.on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1;
    if (end > 0) {
      for (const line of (rest + text.slice(0, end)).split(/(?<=\n)/)) to.write(line);
      rest = '';
    }
    rest += text.slice(end);
    if (rest.length > MAX_LINE) flush();
  });
  from.on('end', () => {
    if (rest !== '') flush();
  });
  const flush = (): void => {
    to.write(`${rest}\n`);
    rest = '';
  };
}
