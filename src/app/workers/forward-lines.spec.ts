import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { forwardLines } from './forward-lines.js';

async function forwarded(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  forwardLines(stream, { write: (line) => lines.push(line) });
  for (const chunk of chunks) {
    stream.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stream.end();
  await finished(stream);
  return lines;
}

it('passes on whole lines, however they are cut', async () => {
  expect(await forwarded('{"a":1}\n{"b"', ':2', '}\n{"c":3}\n')).toEqual([
    '{"a":1}\n',
    '{"b":2}\n',
    '{"c":3}\n',
  ]);
  const euro = Buffer.from('€\n');
  expect(await forwarded(euro.subarray(0, 1), euro.subarray(1))).toEqual(['€\n']);
});

it('ends a last line that was not ended, and one that is too long', async () => {
  expect(await forwarded('a\nb')).toEqual(['a\n', 'b\n']);
  const long = await forwarded('x'.repeat(1_048_577), 'y\n');
  expect(long.map(({ length }) => length)).toEqual([1_048_578, 2]);
});
