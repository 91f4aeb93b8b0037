import { EventEmitter } from 'node:events';
import type { Response } from 'express';
import type { AdminStats } from '../../contract/index.js';
import { AdminAccess } from '../../operations/admin-access.js';
import type { Roster } from '../../replicas/roster.js';
import type { StatsWatch } from '../stats/stats-watch.js';
import { StatsController } from './stats.controller.js';

const STATE = { replicas: [{}], missing: [] } as unknown as AdminStats;

/** A response whose reader may stop to read. */
class FakeResponse extends EventEmitter {
  writableLength = 0;
  readonly written: string[] = [];

  writeHead(): void {
    return;
  }

  write(text: string): void {
    this.written.push(text);
  }

  destroy(): void {
    this.emit('close');
  }
}

function start() {
  const watchers = new Set<(state: AdminStats) => void>();
  const stats = {
    watch: (watcher: (state: AdminStats) => void) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  } as unknown as StatsWatch;
  const access = new AdminAccess(true, 'a-token-of-32-letters-and-digits');
  const controller = new StatsController(stats, { others: [] } as unknown as Roster, access);
  const open = (): FakeResponse => {
    const response = new FakeResponse();
    controller.stream({}, response as unknown as Response);
    return response;
  };
  const show = (times = 1): void => {
    for (let n = 0; n < times; n++) for (const watcher of [...watchers]) watcher(STATE);
  };
  return { watchers, access, controller, open, show };
}

it('a stream gets each state until its reader leaves', () => {
  const { watchers, open, show } = start();
  const response = open();
  show(3);
  expect(response.written).toHaveLength(1 + 3);
  response.emit('close');
  expect(watchers.size).toBe(0);
});

it('a stream ends when the token changes, and not when it is set again', () => {
  const { watchers, access, open, show } = start();
  const response = open();
  access.requireToken('a-token-of-32-letters-and-digits');
  show();
  expect(watchers.size).toBe(1);
  access.requireToken('another-token-of-32-characters-x');
  show();
  expect([watchers.size, response.written.length]).toEqual([0, 2]);
});

it('a reader that does not read misses states, and is closed in the end', () => {
  const { watchers, open, show } = start();
  const response = open();
  response.writableLength = 2_000_000;
  show(29);
  response.writableLength = 0; // it reads again
  show();
  expect(response.written).toHaveLength(2);
  response.writableLength = 2_000_000;
  show(31);
  expect([watchers.size, response.written.length]).toEqual([0, 2]);
});

it('there is a limit of streams, and a stream that has ended does not count', () => {
  const { open } = start();
  const streams = Array.from({ length: 50 }, open);
  expect(open).toThrow('There are 50 streams already');
  streams[7]!.emit('close');
  expect(open).not.toThrow();
});

it('one state has all replicas that are known, or comes after a few seconds without them', async () => {
  const { controller, show, watchers } = start();
  const one = controller.one({});
  show();
  expect(await one).toBe(STATE);
  expect(watchers.size).toBe(0);
});
