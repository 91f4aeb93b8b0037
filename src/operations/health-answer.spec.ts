import { combinedHealth, combinedReadiness, type HealthAnswer } from './health-answer.js';
import { combinedRooms } from './rooms-answer.js';
import type { WorkerReport, WorkerState } from './worker-reports.js';

const UP = { feed: { status: 'up' as const } };
const DOWN = { feed: { status: 'down' as const, reason: 'no feed' } };
const healthy: HealthAnswer = {
  status: 'healthy',
  service: 'g',
  clients: 3,
  info: UP,
  error: {},
  details: UP,
};
const unhealthy: HealthAnswer = {
  status: 'unhealthy',
  service: 'g',
  clients: 4,
  info: {},
  error: DOWN,
  details: DOWN,
};

type Entry = readonly [state: WorkerState, report?: HealthAnswer];
const reports = (...entries: Entry[]): WorkerReport<HealthAnswer>[] =>
  entries.map(([state, report], n) => ({ worker: n + 1, pid: n, state, report }));

it.each<[string, Entry[], string, string]>([
  [
    'all are well',
    [
      ['serving', healthy],
      ['serving', healthy],
    ],
    'healthy',
    'healthy',
  ],
  [
    'one is unhealthy',
    [
      ['serving', healthy],
      ['serving', unhealthy],
    ],
    'unhealthy',
    'healthy',
  ],
  [
    'all are unhealthy',
    [
      ['serving', unhealthy],
      ['serving', unhealthy],
    ],
    'unhealthy',
    'unhealthy',
  ],
  ['one hangs', [['serving', healthy], ['serving']], 'unhealthy', 'healthy'],
  ['all hang', [['serving'], ['serving']], 'unhealthy', 'unhealthy'],
  [
    'one drains and one starts',
    [['draining', unhealthy], ['serving', healthy], ['starting']],
    'healthy',
    'healthy',
  ],
  [
    'all drain',
    [
      ['draining', unhealthy],
      ['draining', unhealthy],
    ],
    'unhealthy',
    'unhealthy',
  ],
])('health and readiness if %s', (_, entries, health, readiness) => {
  expect(combinedHealth(reports(...entries), 'g').status).toBe(health);
  expect(combinedReadiness(reports(...entries), 'g').status).toBe(readiness);
});

it('names the reason, and what each worker reports', () => {
  const answer = combinedHealth(reports(['serving', healthy], ['serving', unhealthy], ['serving']), 'g');
  expect(answer.error).toEqual({
    ...DOWN,
    workers: { status: 'down', reason: '1 of 3 workers do not answer' },
  });
  expect(answer.clients).toBe(7);
  expect(answer.workers).toEqual([
    { worker: 1, pid: 0, state: 'serving', status: 'healthy', clients: 3 },
    { worker: 2, pid: 1, state: 'serving', status: 'unhealthy', clients: 4, error: DOWN },
    { worker: 3, pid: 2, state: 'serving', status: 'silent' },
  ]);
});

it('a ready gateway shows the details of a ready worker', () => {
  const answer = combinedReadiness(reports(['serving', unhealthy], ['serving', healthy]), 'g');
  expect(answer).toMatchObject({ status: 'healthy', error: {}, details: UP });
});

it('adds up the clients of rooms, and names the largest', () => {
  expect(
    combinedRooms([
      { total_clients: 2, rooms: { general: 2, 'product:A': 1 } },
      { total_clients: 3, rooms: { general: 3, 'product:B': 5 }, rooms_left_out: 4 },
    ]),
  ).toEqual({
    total_clients: 5,
    rooms: { general: 5, 'product:B': 5, 'product:A': 1 },
    rooms_left_out: 4,
  });
  const many = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`product:A${n}`, 1]));
  const others = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`product:B${n}`, 2]));
  const { rooms, rooms_left_out } = combinedRooms([
    { total_clients: 1, rooms: many },
    { total_clients: 1, rooms: others },
  ]);
  expect(Object.keys(rooms)).toHaveLength(1_000);
  expect(rooms['product:B699']).toBe(2);
  expect(rooms_left_out).toBe(400);
});
