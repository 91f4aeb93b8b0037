import { JsonPayload } from '../../contract/index.js';
import { Frame } from '../../fanout/frame.js';
import { EventBlocks } from './event-blocks.js';

const blocks = new EventBlocks(undefined);

const block = (event: string, text: string, encoding = blocks) =>
  Frame.ofEvent(event, new JsonPayload(text, '')).in(encoding).toString();

it('writes an event as a block, with the payload as it is', () => {
  expect(block('chain_update', '{"product": "₹", "big": 9007199254740993}')).toBe(
    'event: chain_update\ndata: {"product": "₹", "big": 9007199254740993}\n\n',
  );
});

it('gives a price an id: its time in microseconds', () => {
  const text = '{"timestamp":"2026-11-29T01:47:26.725639"}';
  expect(block('underlying_update', text)).toBe(
    `event: underlying_update\ndata: ${text}\nid: 1795916846725639\n\n`,
  );
  const india = new EventBlocks(() => 19_800_000);
  expect(block('underlying_update', text, india)).toContain('\nid: 1795897046725639\n\n');
});

it.each(['\n', '\r', '\r\n', '\n\n  \r'])('drops line ends between tokens: %j', (end) => {
  const value = { a: ['x\ny', 1], 'b\r': 2 };
  const text = JSON.stringify(value).replaceAll(',', `,${end}`).replaceAll(':', `${end}:`);
  const [event, data, ...rest] = block('chain_update', text).split(/\r\n|\n|\r/);
  expect([event, rest]).toEqual(['event: chain_update', ['', '']]);
  expect(JSON.parse(data!.slice('data: '.length))).toEqual(value);
});

it('joins messages', () => {
  const frames = ['1', '2'].map((text) => Frame.ofEvent('products', new JsonPayload(text, '')));
  expect(Frame.joined(frames).in(blocks).toString()).toBe(
    'event: products\ndata: 1\n\nevent: products\ndata: 2\n\n',
  );
});
