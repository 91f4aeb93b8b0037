import { EventEmitter } from 'node:events';
import { MemoryConnectionCounts } from '../limits/connection-counts.js';
import { UserConnections } from './user-connections.js';

class Connection extends EventEmitter {
  readyState = 'open';
}

describe('UserConnections', () => {
  const counts = new MemoryConnectionCounts();
  const users = new UserConnections<{ conn: Connection }>(counts, 1);
  const isFree = async (): Promise<boolean> => {
    const free = await counts.take('user', '42', 1);
    if (free) counts.release('user', '42');
    return free;
  };

  it('removes its listener from a connection when the client disconnects', async () => {
    const conn = new Connection();
    for (let i = 0; i < 3; i++) {
      const client = { conn };
      await users.take(client, '42');
      expect([await isFree(), conn.listenerCount('close')]).toEqual([false, 1]);
      users.release(client);
      users.release(client);
      expect([await isFree(), conn.listenerCount('close')]).toEqual([true, 0]);
    }
  });

  it('releases a client only once if its connection closes after it disconnected', async () => {
    const [gone, here] = [{ conn: new Connection() }, { conn: new Connection() }];
    await users.take(gone, '42');
    users.release(gone);
    await users.take(here, '42');
    gone.conn.emit('close');
    expect(await isFree()).toBe(false);
    here.conn.emit('close');
    expect(await isFree()).toBe(true);
  });

  it('releases both counts of a client that was counted twice', async () => {
    const two = new UserConnections<{ conn: Connection }>(counts, 2);
    const client = { conn: new Connection() };
    await two.take(client, '42');
    client.conn.readyState = 'closing';
    await two.take(client, '42');
    client.conn.emit('close');
    expect(await isFree()).toBe(true);
  });

  it('releases a client whose connection closed while it was being counted', async () => {
    const client = { conn: new Connection() };
    client.conn.readyState = 'closed';
    await users.take(client, '42');
    expect(await isFree()).toBe(true);
  });
});
