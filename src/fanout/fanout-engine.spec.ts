import { frame, got, HUGE, WRITE_PATHS } from '../../test/support/fanout-setup.js';

describe.each(Object.entries(WRITE_PATHS))('FanoutEngine %s', (_, setUp) => {
  it('writes the broadcasts of one turn at once, from buffers that clients of the same rooms share', () => {
    const { clock, told, connect, broadcast } = setUp();
    const [one, two] = [connect(['room', 'other']), connect(['other', 'room'])];
    expect([broadcast('a'), broadcast('b', { to: ['other'] })]).toEqual([2, 2]);
    expect(got(one)).toEqual([]);
    clock.turn();
    expect([got(one), got(two)]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(one.link.writes).toHaveLength(1);
    two.link.writes[0]!.forEach((buffer, n) => expect(buffer).toBe(one.link.writes[0]![n]));
    const bytes = 2 * Buffer.concat(one.link.writes[0]!).length;
    expect(told.flushes).toEqual([{ durationMs: 0, writes: 2, frames: 4, bytes, savedBytes: 0 }]);
  });

  it('joins what many clients of the same rooms receive', () => {
    const { clock, connect, broadcast } = setUp();
    const clients = Array.from({ length: 5 }, () => connect());
    ['a', 'b', 'c'].forEach((text) => broadcast(text));
    clock.turn();
    for (const client of clients) {
      expect(got(client)).toEqual(['a', 'b', 'c']);
      expect(client.link.writes).toEqual([[expect.any(Buffer)]]);
      expect(client.link.writes[0]![0]).toBe(clients[0]!.link.writes[0]![0]);
    }
  });

  it('sends compressed frames only to clients that accept them', () => {
    const { clock, told, connect, broadcast } = setUp();
    const [deflating, plain] = [connect(['room'], { deflates: true }), connect()];
    broadcast('a', { bytes: 1_000 });
    clock.turn();
    expect([deflating.link.deflatedFrames, plain.link.deflatedFrames]).toEqual([1, 0]);
    expect([got(deflating), got(plain)]).toEqual([['a'], ['a']]);
    const [small, large] = [deflating, plain].map(({ link }) => link.writes[0]![0]!.length);
    expect(told.flushes[0]).toMatchObject({ bytes: small! + large!, savedBytes: large! - small! });
  });

  it('sends more large frames at once than one call accepts', () => {
    const { clock, connect, broadcast } = setUp();
    const clients = [connect(), connect()];
    const texts = ['a', 'b', 'c', 'd', 'e'];
    for (const text of texts) broadcast(text, { bytes: 20_000 });
    clock.turn();
    expect(clients.map(got)).toEqual([texts, texts]);
  });

  it('sends a broadcast to several rooms once to a client that is in more than one of them', () => {
    const { clock, connect, broadcast } = setUp();
    const [both, one, none] = [connect(['a', 'b']), connect(['b']), connect(['c'])];
    expect(broadcast('x', { to: ['a', 'b'] })).toBe(2);
    clock.turn();
    expect([got(both), got(one), got(none)]).toEqual([['x'], ['x'], []]);
  });

  it('sends a broadcast without rooms to every client, even to one without rooms', () => {
    const { clock, connect, broadcast } = setUp();
    const clients = [connect(['a']), connect([])];
    expect(broadcast('x', { to: [] })).toBe(2);
    clock.turn();
    expect(clients.map(got)).toEqual([['x'], ['x']]);
  });

  it('leaves clients out of one broadcast, in order with those before and after it', () => {
    const { clock, engine, connect, broadcast } = setUp();
    const [one, other] = [connect(), connect()];
    broadcast('a');
    const count = engine.broadcast(new Set(['room']), () => frame('b'), undefined, undefined, [one.client]);
    broadcast('c');
    clock.turn();
    expect([count, got(one), got(other)]).toEqual([1, ['a', 'c'], ['a', 'b', 'c']]);
  });

  it('makes no frame if a broadcast has no receiver', () => {
    const { engine, connect } = setUp();
    connect(['elsewhere']);
    const makeFrame = jest.fn(() => frame('a'));
    expect(engine.broadcast(new Set(['room']), makeFrame)).toBe(0);
    expect(makeFrame).not.toHaveBeenCalled();
  });

  it('sends a client that joins between two broadcasts only the later one', () => {
    const { clock, engine, connect, broadcast } = setUp();
    const [inside, late] = [connect(), connect([])];
    broadcast('before');
    engine.beforeChange(late.client);
    late.rooms.add('room');
    broadcast('after');
    clock.turn();
    expect([got(inside), got(late)]).toEqual([['before', 'after'], ['after']]);
  });

  it('keeps the order of replies, snapshots and broadcasts', () => {
    const { clock, engine, connect, broadcast } = setUp();
    const client = connect();
    broadcast('a');
    client.link.reply('reply');
    broadcast('b');
    engine.send(client.client, frame('snapshot'));
    broadcast('c');
    clock.turn();
    expect(got(client)).toEqual(['a', 'reply', 'b', 'snapshot', 'c']);
  });

  it("uses the transport's own path while that path holds data", () => {
    const { clock, connect, broadcast } = setUp();
    const client = connect();
    client.link.block();
    client.link.reply('reply');
    broadcast('a');
    clock.turn();
    client.link.unblock();
    broadcast('b');
    clock.advance(100);
    expect(got(client)).toEqual(['reply', 'a', 'b']);
    expect([client.link.fallbacks, client.link.writes.length]).toEqual([1, 1]);
  });

  it("uses the transport's own path while the client is polling or upgrading", () => {
    const { clock, connect, broadcast } = setUp();
    const client = connect(['room'], { polling: true });
    const { link } = client;
    for (const step of ['startUpgrade', 'endUpgrade', 'unblock'] as const) {
      broadcast(`before ${step}`);
      clock.advance(100);
      link[step]();
    }
    expect(got(client)).toEqual(['before startUpgrade', 'before endUpgrade', 'before unblock']);
    expect([link.fallbacks, link.writes.length]).toEqual([2, 1]);
  });

  it('writes a log at once when it is over its limit', () => {
    const { connect, broadcast } = setUp();
    const client = connect();
    broadcast('small');
    expect(got(client)).toEqual([]);
    broadcast('huge', { bytes: HUGE });
    expect(got(client)).toEqual(['small', 'huge']);
  });

  it('writes queued frames once when it is stopped', () => {
    const { clock, engine, connect, broadcast } = setUp();
    const client = connect();
    broadcast('a');
    engine.stop();
    expect(got(client)).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });

  it('writes queued frames to a client that is removed, and nothing after that', () => {
    const { clock, engine, connect, broadcast } = setUp();
    const client = connect();
    broadcast('a');
    engine.remove(client.client);
    expect(broadcast('b')).toBe(0);
    clock.turn();
    expect(got(client)).toEqual(['a']);
  });

  describe('with more clients than one slice of a flush can serve', () => {
    function setUpCrowd() {
      const world = setUp();
      const crowd = Array.from({ length: 40 }, () => world.connect(['room'], { writeMs: 1 }));
      return { ...world, crowd, written: () => crowd.filter(({ link }) => link.wire.length > 0).length };
    }

    it('pauses for other work', () => {
      const { clock, told, broadcast, written } = setUpCrowd();
      broadcast('a');
      clock.turn();
      expect([written(), told.flushes.length]).toEqual([32, 0]);
      clock.turn();
      expect(written()).toBe(40);
      expect(told.flushes).toMatchObject([{ durationMs: 40, writes: 40, frames: 40 }]);
    });

    it('leaves frames that are broadcast during the pause to the next flush', () => {
      const { clock, crowd, broadcast, written } = setUpCrowd();
      broadcast('a');
      clock.turn();
      broadcast('b');
      clock.turn();
      expect(new Set(crowd.map((client) => got(client).join()))).toEqual(new Set(['a']));
      clock.advance(200);
      expect(written()).toBe(40);
      expect(new Set(crowd.map((client) => got(client).join()))).toEqual(new Set(['a,b']));
    });

    it('loses no frame if a log exceeds its limit during the pause', () => {
      const { clock, crowd, broadcast } = setUpCrowd();
      broadcast('a');
      clock.turn();
      broadcast('huge', { bytes: HUGE });
      clock.turn();
      broadcast('c');
      clock.advance(200);
      expect(new Set(crowd.map((client) => got(client).join()))).toEqual(new Set(['a,huge,c']));
    });

    it('writes the remaining frames if it is stopped during the pause', () => {
      const { clock, engine, crowd, broadcast } = setUpCrowd();
      broadcast('a');
      clock.turn();
      broadcast('b');
      engine.stop();
      expect(new Set(crowd.map((client) => got(client).join()))).toEqual(new Set(['a,b']));
      expect(clock.pending).toBe(0);
    });
  });

  describe('with a connection that reports a problem', () => {
    it('writes every frame at once from then on, and reports it once', () => {
      const { told, connect, broadcast } = setUp();
      const [known, elsewhere] = [connect(), connect(['elsewhere'])];
      broadcast('queued');
      broadcast('queued', { to: ['elsewhere'] });
      const unknown = connect(['room'], { problem: 'it is new' });
      connect(['room'], { problem: 'it is new, too' });
      expect(broadcast('a')).toBe(3);
      expect([known, elsewhere, unknown].map(got)).toEqual([['queued', 'a'], ['queued'], ['a']]);
      expect(told.degraded).toEqual(['it is new']);
    });
  });

  describe('says when a timed update is written', () => {
    it('once, after the flush that wrote it, however many clients it is for', () => {
      const { clock, told, connect, broadcast } = setUp();
      connect();
      connect(['room', 'other']);
      broadcast('a', { timed: 1 });
      broadcast('untimed');
      expect(told.written).toEqual([]);
      clock.turn();
      expect(told.written).toEqual(['a']);
    });

    it('not if it is for no client', () => {
      const { clock, told, connect, broadcast } = setUp();
      connect(['elsewhere']);
      broadcast('a', { timed: 1 });
      broadcast('b', { to: ['elsewhere'] });
      clock.turn();
      expect(told.written).toEqual([]);
    });

    it('at once if nothing waits for a flush', () => {
      const { told, connect, broadcast } = setUp();
      connect();
      broadcast('a', { timed: 1, bytes: HUGE });
      expect(told.written).toEqual(['a']);
    });

    it('if it is broadcast during a flush and its last client leaves before the next', () => {
      const { clock, told, engine, connect, broadcast } = setUp();
      for (let n = 0; n < 40; n++) connect(['crowd'], { writeMs: 1 });
      const late = connect();
      broadcast('crowd', { to: ['crowd'] });
      clock.turn();
      broadcast('a', { timed: 1 });
      engine.remove(late.client);
      expect(told.written).toEqual([]);
      clock.turn();
      clock.turn();
      expect(told.written).toEqual(['a']);
    });
  });
});
