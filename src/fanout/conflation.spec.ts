import { JsonPayload } from '../contract/index.js';
import { Conflation } from './conflation.js';
import { Frame } from './frame.js';

function frame(key: string, event = 'tick'): Frame {
  return Frame.ofEvent(event, new JsonPayload('{}', key));
}

function drain(conflation: Conflation): Frame[] {
  const frames: Frame[] = [];
  for (let one = conflation.shift(); one; one = conflation.shift()) frames.push(one);
  return frames;
}

describe('Conflation', () => {
  it('keeps the newest frame of each key, in order of arrival', () => {
    const conflation = new Conflation(0, 0);
    const [old, other, newest] = [frame('a'), frame('b'), frame('a')];
    for (const one of [old, other, newest]) conflation.add(one, true);
    expect(conflation.size).toBe(2);
    expect(drain(conflation)).toEqual([other, newest]);
    expect(conflation.size).toBe(0);
  });

  it('counts dropped updates', () => {
    const conflation = new Conflation(0, 0);
    for (const key of ['a', 'b', 'a', 'a']) conflation.add(frame(key), true);
    expect(conflation.dropped).toBe(2);
  });

  it('does not count an update as dropped that was sent before the newer one arrived', () => {
    const conflation = new Conflation(0, 0);
    conflation.add(frame('a'), true);
    conflation.shift();
    conflation.add(frame('a'), true);
    expect(conflation.dropped).toBe(0);
  });

  it.each([
    ['repeats the update that is held back', 1, 1, 0],
    ['is itself repeated', 0, 3, 0],
    ['arrives after several updates', 3, 1, 2],
  ])('does not count a snapshot as dropped that %s', (_, updates, snapshots, dropped) => {
    const conflation = new Conflation(0, 0);
    let newest = frame('a');
    for (let n = 0; n < updates; n++) conflation.add((newest = frame('a')), true);
    for (let n = 0; n < snapshots; n++) conflation.add(newest, false);
    expect(conflation.dropped).toBe(dropped);
    expect(drain(conflation)).toEqual([newest]);
  });

  it('counts a dropped update once, however often snapshots repeated it', () => {
    const conflation = new Conflation(0, 0);
    const first = frame('a');
    conflation.add(first, true);
    conflation.add(first, false);
    conflation.add(first, false);
    conflation.add(frame('a'), true);
    expect(conflation.dropped).toBe(1);
  });

  it('does not count a snapshot that an update replaces', () => {
    const conflation = new Conflation(0, 0);
    conflation.add(frame('a'), false);
    conflation.add(frame('a'), true);
    expect(conflation.dropped).toBe(0);
  });

  it('keeps two different events with the same key', () => {
    const conflation = new Conflation(0, 0);
    conflation.add(frame('NIFTY', 'chain_summary'), true);
    conflation.add(frame('NIFTY', 'chain_update'), true);
    expect(conflation.size).toBe(2);
  });
});
