import { JsonPayload } from '../contract/index.js';
import { DeflatedFrames, TextFrames } from '../transports/websocket-frames.js';
import { Frame } from './frame.js';
import { Group } from './group.js';

const plain = new TextFrames((event) => `${event} `, '');
const deflated = new DeflatedFrames(plain, 100);

function frame(text: string): Frame {
  return Frame.ofEvent('tick', new JsonPayload(JSON.stringify(text), text));
}

function groupOf(...frames: readonly Frame[]): Group<unknown> {
  const group = new Group<unknown>('key', ['room']);
  for (const one of frames) group.append(one);
  return group;
}

describe('Group', () => {
  const [a, b, c] = [frame('a'), frame('b'), frame('c')];

  it('joins small frames into one buffer and caches it for the next client', () => {
    const group = groupOf(a, b);
    const run = group.run(0, 2, plain);
    expect(run.buffers).toEqual([Buffer.concat([a.in(plain), b.in(plain)])]);
    expect(group.run(0, 2, plain).buffers[0]).toBe(run.buffers[0]);
  });

  it('copies neither a single frame nor a large one', () => {
    const large = frame('x'.repeat(20_000));
    const { buffers } = groupOf(a, b, large, c).run(0, 4, plain);
    expect(buffers).toHaveLength(3);
    expect(buffers[1]).toBe(large.in(plain));
    expect(buffers[2]).toBe(c.in(plain));
  });

  it('joins another range of the log into a new buffer', () => {
    const group = groupOf(a, b);
    group.run(0, 1, plain);
    expect(group.run(0, 2, plain).bytes).toBe(a.in(plain).length + b.in(plain).length);
    expect(group.run(1, 2, plain).buffers).toEqual([b.in(plain)]);
  });

  it('caches compressed and plain buffers separately, and counts the bytes saved', () => {
    const long = frame('x'.repeat(1_000));
    const group = groupOf(long);
    expect(group.run(0, 1, plain)).toMatchObject({ buffers: [long.in(plain)], saved: 0 });
    const saved = long.in(plain).length - long.in(deflated).length;
    expect(group.run(0, 1, deflated)).toMatchObject({ buffers: [long.in(deflated)], saved });
    expect(group.run(0, 1, plain).buffers[0]).toBe(long.in(plain));
  });

  it('keeps the positions of frames when earlier ones are removed', () => {
    const group = groupOf(a, b);
    group.trim(1);
    expect(group.end).toBe(2);
    expect(group.bytes).toBe(b.size);
    group.append(c);
    expect(group.slice(1, 3)).toEqual([b, c]);
    expect(group.run(2, 3, plain).buffers).toEqual([c.in(plain)]);
  });

  it('drops the joined buffers of removed frames', () => {
    const group = groupOf(a, b);
    group.run(0, 2, plain);
    group.trim(2);
    expect(group.run(0, 2, plain).buffers).toEqual([]);
  });

  it('ignores the end of a flush whose frames were written during a pause', () => {
    const group = groupOf(a, b);
    group.trim(2);
    group.trim(1);
    expect(group.end).toBe(2);
  });
});
