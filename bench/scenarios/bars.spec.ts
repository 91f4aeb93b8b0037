import { faultsSentence } from './bars.js';

describe('faultsSentence', () => {
  it('says that all messages arrived, which faults there were, or that nothing was counted', () => {
    expect(faultsSentence({ lost: 0, duplicated: 0, disordered: 0 })).toBe('all');
    expect(faultsSentence({ lost: 3, duplicated: 0, closed: 1 })).toBe('3 lost, 1 closed');
    expect(faultsSentence({ seconds: 3 })).toBe('not counted');
  });

  it('does not say "all" if only repetition and order were checked', () => {
    expect(faultsSentence({ duplicated: 0, disordered: 0 })).toBe('once, in order');
    expect(faultsSentence({ duplicated: 2, disordered: 0 })).toBe('2 duplicated');
  });
});
