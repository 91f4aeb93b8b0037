import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { ManualClock, seededRandom } from '../../test/support/manual-clock.js';
import { type PingedConnection, PingSpread } from './ping-spread.js';

class Connection extends EventEmitter implements PingedConnection {
  readyState = 'open';
  readonly sent: string[] = [];

  sendPacket(type: string): void {
    this.sent.push(type);
  }
}

it('pings 10,000 clients that connected together evenly over the interval, and each once', () => {
  const clock = new ManualClock();
  const spread = new PingSpread(clock, 25_000, seededRandom());
  const connections = Array.from({ length: 10_000 }, () => new Connection());
  for (const connection of connections) spread.add(connection);
  let before = 0;
  for (let tenth = 0; tenth < 10; tenth++) {
    clock.advance(2_500);
    const pinged = connections.filter(({ sent }) => sent.length > 0).length;
    expect(pinged - before).toBeGreaterThan(850);
    expect(pinged - before).toBeLessThan(1_150);
    before = pinged;
  }
  expect(connections.every(({ sent }) => sent.join() === 'ping')).toBe(true);
  expect(clock.pending).toBe(0);
});

it('pings a client that connects later within its own first interval', () => {
  const clock = new ManualClock();
  const random = seededRandom();
  const spread = new PingSpread(clock, 25_000, random);
  for (let n = 0; n < 100; n++) {
    const connection = new Connection();
    spread.add(connection);
    clock.advance(5_000 * random());
    const late = new Connection();
    spread.add(late);
    clock.advance(25_000);
    expect([connection.sent, late.sent]).toEqual([['ping'], ['ping']]);
  }
});

it('does not ping a closed connection, nor any connection once it is stopped', () => {
  const clock = new ManualClock();
  const spread = new PingSpread(clock, 25_000, () => 0.5);
  const gone = new Connection();
  spread.add(gone);
  gone.readyState = 'closed';
  clock.advance(25_000);
  const other = new Connection();
  spread.add(other);
  spread.stop();
  clock.advance(25_000);
  expect([gone.sent, other.sent]).toEqual([[], []]);
  expect(clock.pending).toBe(0);
});

it('keeps no entry or listener for a connection that was closed or pinged', () => {
  const clock = new ManualClock();
  const spread = new PingSpread(clock, 25_000, seededRandom());
  const [gone, pinged] = [new Connection(), new Connection()];
  spread.add(gone);
  spread.add(pinged);
  expect(spread.size).toBe(2);
  gone.emit('close');
  expect(spread.size).toBe(1);
  clock.advance(25_000);
  expect(spread.size).toBe(0);
  expect([gone.sent, pinged.sent]).toEqual([[], ['ping']]);
  expect([gone, pinged].map((connection) => connection.listenerCount('close'))).toEqual([0, 0]);
});

it('does not schedule a connection that has no sendPacket', () => {
  const clock = new ManualClock();
  const spread = new PingSpread(clock, 25_000, () => 0.5);
  expect(spread.add(Object.assign(new EventEmitter(), { readyState: 'open' }))).toBe(
    'engine.io has no Socket#sendPacket',
  );
  expect(clock.pending).toBe(0);
});

// This test fails if an upgrade of engine.io changes how it handles an early ping.
it('the installed engine.io restarts its interval at the pong to the early ping', async () => {
  const http = createServer();
  const server = new Server(http, { pingInterval: 60_000, pingTimeout: 60_000 });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const clock = new ManualClock();
  const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
    forceNew: true,
  });
  try {
    const [connection] = (await once(server.engine, 'connection')) as [
      PingedConnection & EventEmitter & { pingIntervalTimer?: { _idleStart?: number } },
    ];
    expect(new PingSpread(clock, 60_000, () => 0.5).add(connection)).toBeUndefined();
    const started = connection.pingIntervalTimer?._idleStart;
    expect(started).toEqual(expect.any(Number));
    await new Promise<void>((resolve) => client.once('connect', resolve));
    // Let some time pass, so that a restarted timer has another start time.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const pinged = new Promise<void>((resolve) => client.io.once('ping', resolve));
    const answered = once(connection, 'heartbeat');
    clock.advance(30_000);
    await pinged;
    await answered;
    expect(connection.pingIntervalTimer?._idleStart).toBeGreaterThan(started!);
  } finally {
    client.disconnect();
    await server.close();
  }
});
