import {
  CONFLATE_ABOVE,
  frame,
  got,
  MAX_WAITING,
  STALL_TIMEOUT,
  WRITE_PATHS,
} from '../../test/support/fanout-setup.js';
import { Frame } from './frame.js';

describe.each(Object.entries(WRITE_PATHS))('FanoutEngine %s, with a client that lags,', (_, setUp) => {
  it('sends every update until the limit of waiting bytes is reached', () => {
    const { clock, told, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE);
    broadcast('a');
    broadcast('b');
    clock.turn();
    expect(got(client)).toEqual(['a', 'b']);
    expect(told.lagging).toEqual([]);
  });

  it('sends a lagging notice and the newest frame of each key when the client reads again', () => {
    const { clock, told, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    broadcast('a1', { key: 'a' });
    broadcast('b1', { key: 'b' });
    broadcast('a2', { key: 'a' });
    clock.turn();
    expect(got(client)).toEqual([]);
    clock.advance(500);
    client.link.take();
    expect(got(client)).toEqual(['2["lagging","1 in 500 ms"]', 'b1', 'a2']);
    expect([told.conflated, told.lagging]).toEqual([1, [1, 0]]);
    broadcast('a3', { key: 'a' });
    clock.advance(100);
    expect(got(client).at(-1)).toBe('a3');
  });

  it('sends no lagging notice if no update was dropped', () => {
    const { clock, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    broadcast('a');
    clock.turn();
    client.link.take();
    expect(got(client)).toEqual(['a']);
  });

  it('sends no more at a time than may wait for a client', () => {
    const { clock, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    for (const key of ['a', 'b', 'c', 'd']) broadcast(key, { key, bytes: 100 });
    clock.turn();
    client.link.take(CONFLATE_ABOVE + 1);
    expect(got(client)).toEqual(['a', 'b']);
    client.link.take(40);
    expect(got(client)).toEqual(['a', 'b', 'c']);
    client.link.take();
    expect(got(client)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('sends every reply, before the frames held back, and counts none as dropped', () => {
    const { clock, told, engine, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    broadcast('a1', { key: 'a' });
    for (const text of ['reply 1', 'reply 2']) engine.reply(client.client, frame(text, { key: 'reply' }));
    clock.turn();
    client.link.take();
    expect(got(client)).toEqual(['reply 1', 'reply 2', 'a1']);
    expect(told.conflated).toBe(0);
  });

  it('sends everything if the client reads it at once, without waiting for a drain event', () => {
    const { clock, told, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    for (const key of ['a', 'b', 'c', 'd']) broadcast(key, { key, bytes: 150 });
    clock.turn();
    client.link.take();
    expect(got(client)).toEqual(['a', 'b', 'c', 'd']);
    expect(told.lagging).toEqual([1, 0]);
  });

  it('holds back a snapshot with the broadcasts, and lets a reply overtake them', () => {
    const { clock, engine, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    broadcast('a1', { key: 'a' });
    engine.send(client.client, frame('a1 again', { key: 'a' }));
    client.link.reply('reply');
    clock.turn();
    client.link.take();
    expect(got(client)).toEqual(['reply', '2["lagging","1 in 0 ms"]', 'a1 again']);
  });

  it('reports the exact number of dropped updates, however often the client subscribes again', () => {
    const { clock, told, engine, connectStalled } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    for (let n = 1; n <= 10; n++) {
      const update = frame(`a${n}`, { key: 'a' });
      engine.broadcast(new Set(['room']), () => update);
      for (let again = 0; again < 8; again++) engine.send(client.client, update);
    }
    clock.turn();
    client.link.take();
    expect(got(client)).toEqual(['2["lagging","9 in 0 ms"]', 'a10']);
    expect(told.conflated).toBe(9);
  });

  it('sends the frames held back before the client leaves a room', () => {
    const { clock, engine, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1, ['room', 'left']);
    broadcast('a', { to: ['left'] });
    clock.turn();
    engine.beforeLeave(client.client);
    client.rooms.delete('left');
    client.link.reply('left it');
    client.link.take();
    expect(got(client)).toEqual(['a', 'left it']);
  });

  it('holds back each part of a joined frame separately', () => {
    const { clock, engine, connectStalled } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    engine.send(client.client, Frame.joined([frame('a1', { key: 'a' }), frame('b1', { key: 'b' })]));
    engine.send(client.client, Frame.joined([frame('a2', { key: 'a' })]));
    clock.turn();
    client.link.take();
    expect(got(client)).toEqual(['b1', 'a2']);
  });

  it('does not delay the other clients', () => {
    const { clock, connect, connectStalled, broadcast } = setUp();
    connectStalled(CONFLATE_ABOVE + 1);
    const client = connect();
    for (const text of ['a1', 'a2']) broadcast(text);
    clock.turn();
    expect(got(client)).toEqual(['a1', 'a2']);
  });

  it.each(['reply', 'send', 'join', 'leave', 'remove'] as const)(
    'drops a client that is too far behind when it gets to its %s',
    (step) => {
      const { clock, told, engine, connectStalled, broadcast } = setUp();
      const client = connectStalled(MAX_WAITING + 1);
      broadcast('a');
      if (step === 'reply') client.link.reply('reply');
      if (step === 'send') engine.send(client.client, frame('snapshot'));
      if (step === 'join') engine.beforeChange(client.client);
      if (step === 'leave') engine.beforeLeave(client.client);
      if (step === 'remove') engine.remove(client.client);
      expect(told.closed).toEqual(step === 'remove' ? [] : ['overflow']);
      expect(got(client)).toEqual(step === 'remove' ? [] : ['2["closing","overflow"]']);
      expect(told.lagging.at(-1)).toBe(0);
      expect(broadcast('b')).toBe(0);
      clock.advance(2 * STALL_TIMEOUT);
      broadcast('c', { to: [] });
      expect(clock.pending).toBe(0);
    },
  );

  it('closes a client that has read nothing for too long, after a closing notice', () => {
    const { clock, told, connect, connectStalled, broadcast } = setUp();
    const client = connectStalled(CONFLATE_ABOVE + 1);
    connect();
    broadcast('a');
    clock.advance(STALL_TIMEOUT);
    broadcast('b');
    clock.turn();
    expect(told.closed).toEqual([]);
    clock.advance(1);
    broadcast('c');
    clock.turn();
    expect(told.closed).toEqual(['stalled']);
    expect(got(client)).toEqual(['2["closing","stalled"]']);
    expect(broadcast('d')).toBe(1);
  });

  it('does not close a client that reads slowly', () => {
    const { clock, told, connectStalled, broadcast } = setUp();
    const client = connectStalled(MAX_WAITING);
    for (let time = 0; time < 3 * STALL_TIMEOUT; time += 500) {
      broadcast('a');
      clock.advance(500);
      client.link.take(10);
    }
    expect(told.closed).toEqual([]);
  });
});

it('a client that lags does not divide the call that writes to the others', () => {
  const { clock, kernel, connect, connectStalled, broadcast } =
    WRITE_PATHS['with one call for many clients']();
  const readers = [connect(), connectStalled(CONFLATE_ABOVE + 1), connect()].filter((_, n) => n !== 1);
  broadcast('a'); // from now on it lags
  clock.advance(100);
  const before = kernel!.batches;
  broadcast('b');
  clock.advance(100);
  expect(kernel!.batches - before).toBe(1);
  for (const reader of readers) expect(got(reader)).toEqual(['a', 'b']);
});
