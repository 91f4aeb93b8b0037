import { reduceRequest } from './waiting-request.js';

const MAX_SYMBOLS = 3;

const reduced = (...packet: unknown[]) => {
  reduceRequest(packet, MAX_SYMBOLS);
  return packet;
};

describe('reduceRequest', () => {
  it.each([
    [{ type: 'chain', symbol: 'NIFTY', symbols: ['A', 'B', 'C'], expiry: '2026-11-26' }],
    [{ token: 'x'.repeat(5_000) }],
    [{ type: 1, symbol: null, symbols: [1, null, true] }],
    ['text'],
    [7],
  ])('keeps %j unchanged', (data) => {
    expect(reduced('subscribe', data)).toEqual(['subscribe', data]);
  });

  it('drops fields that no request reads, however large they are', () => {
    const junk = Array.from({ length: 20_000 }, () => ({}));
    const data = { type: 'product', symbol: 'NIFTY', junk, more: { junk } };
    expect(reduced('subscribe', data)).toEqual(['subscribe', { type: 'product', symbol: 'NIFTY' }]);
  });

  it('keeps one symbol too many, so that a longer list is rejected for its length', () => {
    const symbols = Array.from({ length: 20_000 }, (_, n) => `P${n}`);
    expect(reduced('subscribe', { symbols })).toEqual(['subscribe', { symbols: ['P0', 'P1', 'P2', 'P3'] }]);
  });

  it('replaces nested values with empty ones, which are still invalid', () => {
    const deep = [[[['x']]]];
    expect(reduced('subscribe', { type: deep, symbol: { deep }, symbols: [deep, { deep }] })).toEqual([
      'subscribe',
      { type: [], symbol: {}, symbols: [[], {}] },
    ]);
    expect(reduced('subscribe', deep)).toEqual(['subscribe', []]);
    expect(reduced('subscribe', Buffer.alloc(9))).toEqual(['subscribe', []]);
  });

  it('shortens a very long text to one that is still too long for a symbol', () => {
    const [, data] = reduced('subscribe', { symbol: 'A'.repeat(60_000) });
    expect((data as { symbol: string }).symbol).toHaveLength(129);
  });

  it.each([null, undefined])('ignores arguments of %s at the end', (nothing) => {
    const ack = () => undefined;
    const data = { type: 'general' };
    expect(reduced('subscribe', data, nothing, nothing)).toEqual(['subscribe', data]);
    expect(reduced('subscribe', data, nothing, nothing, ack)).toEqual(['subscribe', data, ack]);
    expect(reduced('get_products', nothing, ack)).toEqual(['get_products', ack]);
    expect(reduced('get_products', nothing)).toEqual(['get_products']);
    expect(reduced('subscribe', nothing, data)).toEqual(['subscribe', null, null]);
  });

  it('keeps the beginning of a text that is too long, and nothing else of it', () => {
    const [, data] = reduced('subscribe', { symbols: ['NIFTY', `NIFTY${'!'.repeat(60_000)}`] });
    const [, cut] = (data as { symbols: string[] }).symbols;
    expect(cut).toMatch(/^NIFTY!+$/);
    expect(cut).toHaveLength(129);
  });

  it('keeps the times of the symbols in the request, whatever else is in since', () => {
    const others = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`P${n}`, 't']));
    const since = { ...others, 'no symbol!': 't', A: 'a', B: ['deep', ['er']], C: 'x'.repeat(60_000) };
    const [, data] = reduced('subscribe', { since, symbol: 'A', symbols: ['B', 'C', 'D'] });
    const { since: kept } = data as { since: Record<string, unknown> };
    expect(kept).toEqual({ A: 'a', B: [], C: expect.stringMatching(/^x+!+$/) as string });
    for (const text of ['2026-11-22T04:43:39.340966', 5, null, true]) {
      expect(reduced('subscribe', { symbol: 'A', since: text })).toEqual([
        'subscribe',
        { symbol: 'A', since: text },
      ]);
    }
    expect(reduced('subscribe', { symbol: 'A', since: [{ A: 'a' }] })).toEqual([
      'subscribe',
      { symbol: 'A', since: [] },
    ]);
    expect(reduced('subscribe', { symbol: '__proto__', since: JSON.parse('{"__proto__":"t"}') })).toEqual([
      'subscribe',
      { symbol: '__proto__', since: {} },
    ]);
  });

  it('keeps the acknowledgement, and that there was more than one argument', () => {
    const ack = () => undefined;
    expect(reduced('get_products', ack)).toEqual(['get_products', ack]);
    expect(reduced('subscribe', { type: 'general' }, ack)).toEqual(['subscribe', { type: 'general' }, ack]);
    expect(reduced('subscribe', {}, {}, {}, ack)).toEqual(['subscribe', null, null, ack]);
  });
});
