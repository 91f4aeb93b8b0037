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
  it('keeps the newest frame of each key, in the order they came', () => {
    const conflation = new Conflation(0, 0);
    const [old, other, newest] = [frame('a'), frame('b'), frame('a')];
    for (const one of [old, other, newest]) conflation.add(one);
    expect(conflation.size).toBe(2);
    expect(drain(conflation)).toEqual([other, newest]);
    expect(conflation.size).toBe(0);
  });

  it('counts what was left out', () => {
    const conflation = new Conflation(0, 0);
    for (const key of ['a', 'b', 'a', 'a']) conflation.add(frame(key));
    expect(conflation.dropped).toBe(2);
  });

  it('counts nothing as left out that was taken before', () => {
    const conflation = new Conflation(0, 0);
    conflation.add(frame('a'));
    conflation.shift();
    conflation.add(frame('a'));
    expect(conflation.dropped).toBe(0);
  });

  it('takes two events of one key for two', () => {
    const conflation = new Conflation(0, 0);
    conflation.add(frame('NIFTY', 'chain_summary'));
    conflation.add(frame('NIFTY', 'chain_update'));
    expect(conflation.size).toBe(2);
  });
});
