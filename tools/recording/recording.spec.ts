import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { collect, feedOf } from '../simulator/fake-messages.js';
import {
  checkRecording,
  formatLine,
  linesOf,
  MAX_LINE_BYTES,
  parseRecording,
  readRecording,
  type RecordedMessage,
  RecordingError,
  summarize,
} from './recording.js';

const PRICE =
  '{"type": "UNDERLYING_ENRICHED", "product": "NIFTY", "price": 21500.0, "timestamp": "2026-11-22T04:43:39.333273", "processed_at": "2026-11-22T04:43:39.353886"}';

function line(t: unknown, channel: unknown = 'enriched:underlying', data: unknown = PRICE): string {
  return JSON.stringify({ t, channel, data });
}

const parse = (...lines: string[]) => collect(parseRecording(lines));

describe('parseRecording', () => {
  it('reads one message per line with its data unchanged, and skips blank lines', async () => {
    const messages = await parse(line(0.5), '', line(0.5, 'other', 'not {json'), '  ');
    expect(messages).toEqual([
      { t: 0.5, channel: 'enriched:underlying', data: PRICE },
      { t: 0.5, channel: 'other', data: 'not {json' },
    ]);
  });

  it('reads what formatLine writes', async () => {
    const message = { t: 1.2345678, channel: 'enriched:underlying', data: 'odd "\n\u2028\ud83d\ude00' };
    expect(await parse(formatLine(message))).toEqual([{ ...message, t: 1.234567 }]);
  });

  it.each([
    ['{"t": 1', 'line 2: it is not JSON.'],
    ['[1]', 'line 2: it is not a JSON object.'],
    [line('1'), 'line 2: "t" must be a number of seconds'],
    [line(-1), 'line 2: "t" must be a number of seconds'],
    ['{"t": 1e999}', 'line 2: "t" must be a number of seconds'],
    [line(1, ''), 'line 2: "channel" must be'],
    [line(1, 'c', { price: 1 }), 'line 2: "data" must be a string'],
    [line(0.25), 'line 2: "t" is 0.25, earlier than the 0.5 of the line before.'],
  ])('names the line of %s', async (bad, problem) => {
    await expect(parse(line(0.5), bad, line(2))).rejects.toThrow(RecordingError);
    await expect(parse(line(0.5), bad)).rejects.toThrow(problem);
  });
});

describe('linesOf', () => {
  it('splits at line feeds wherever the chunks end, also within a character', async () => {
    const text = Buffer.from('one\n\ntw\u00f6\nlast');
    const bytes = Array.from(text, (_, i) => text.subarray(i, i + 1));
    expect(await collect(linesOf(bytes))).toEqual(['one', '', 'tw\u00f6', 'last']);
    expect(await collect(linesOf([text]))).toEqual(['one', '', 'tw\u00f6', 'last']);
  });

  it('rejects a line that would fill the memory', async () => {
    const chunk = Buffer.alloc(MAX_LINE_BYTES / 2, 'x');
    await expect(collect(linesOf([Buffer.from('one\n'), chunk, chunk, chunk]))).rejects.toThrow(
      'line 2: it is longer than 16 MB.',
    );
  });
});

describe('summarize', () => {
  it('finds the latest clock that a message implies, so that no restamped one is in the future', async () => {
    const at = (t: number, processed: string): RecordedMessage => ({
      t,
      channel: 'c',
      data: `{"processed_at": "2026-11-22T00:00:${processed}"}`,
    });
    const messages = [at(1, '05.000000'), at(2, '06.500000'), at(3, '07.000000')];
    expect(await summarize(feedOf([...messages, { t: 4, channel: 'c', data: 'odd' }]))).toEqual({
      count: 4,
      lastT: 4,
      start: Date.UTC(2026, 10, 22, 0, 0, 4, 500) * 1000,
    });
  });
});

describe('a file', () => {
  it('is read, also compressed in parts', async () => {
    const folder = await temporaryFolder();
    const plain = join(folder, 'plain.jsonl');
    const packed = join(folder, 'packed.jsonl.gz');
    await writeFile(plain, `${line(1)}\n${line(2)}\n`);
    await writeFile(packed, Buffer.concat([gzipSync(`${line(1)}\n`), gzipSync(`${line(2)}\n`)]));
    for (const file of [plain, packed]) {
      expect((await collect(readRecording(file))).map(({ t }) => t)).toEqual([1, 2]);
      expect(await checkRecording(file)).toMatchObject({ count: 2, lastT: 2 });
    }
  });

  it('that is no recording is named with what is wrong', async () => {
    const folder = await temporaryFolder();
    const empty = join(folder, 'empty.jsonl');
    const broken = join(folder, 'broken.jsonl');
    const cut = join(folder, 'cut.jsonl.gz');
    await writeFile(empty, '\n');
    await writeFile(broken, `${line(1)}\n{"t": 2, "cha`);
    await writeFile(cut, gzipSync(`${line(1)}\n`).subarray(0, -9));
    await expect(checkRecording('no-such.jsonl')).rejects.toThrow(/^no-such\.jsonl cannot be read: ENOENT/);
    await expect(checkRecording(folder)).rejects.toThrow(`${folder} is not a file.`);
    await expect(checkRecording(empty)).rejects.toThrow(`${empty}: it holds no message.`);
    await expect(checkRecording(broken)).rejects.toThrow(`${broken}: line 2: it is not JSON.`);
    await expect(checkRecording(cut)).rejects.toThrow(`${cut} cannot be read: unexpected end of file.`);
  });
});
