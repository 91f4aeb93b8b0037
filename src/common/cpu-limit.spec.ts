import { cpuLimit, usableCpus } from './cpu-limit.js';

/** Reads from these files, and throws for any other path as a file system does. */
const files = (texts: Readonly<Record<string, string>>) => (path: string) => {
  const text = texts[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};

it.each([
  ['version 2', { '/sys/fs/cgroup/cpu.max': '250000 100000\n' }, 2.5],
  ['version 2 without a limit', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, Infinity],
  [
    'version 2 in nested groups',
    {
      '/proc/self/cgroup': '0::/system.slice/gateway.service\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/system.slice/gateway.service/cpu.max': 'max 100000\n',
    },
    4,
  ],
  [
    'version 1',
    {
      '/proc/self/cgroup': '4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n',
      '/sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us': '150000\n',
      '/sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us': '100000\n',
    },
    1.5,
  ],
  [
    'version 1 in a namespace',
    {
      '/proc/self/cgroup': '3:cpu,cpuacct:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    3,
  ],
  [
    'version 1 without a limit',
    {
      '/proc/self/cgroup': '3:cpu,cpuacct:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    Infinity,
  ],
  ['no control groups', {}, Infinity],
  ['a file of another form', { '/sys/fs/cgroup/cpu.max': 'what?' }, Infinity],
])('reads the CPU limit: %s', (_, texts, expected) => {
  expect(cpuLimit(files(texts))).toBe(expected);
});

it.each([
  ['the limit, rounded down', 8, '250000 100000', 2],
  ['at least one', 8, '50000 100000', 1],
  ['the processors of the machine', 4, 'max 100000', 4],
  ['no more processors than there are', 2, '800000 100000', 2],
])('uses %s', (_, available, max, expected) => {
  expect(usableCpus(available, files({ '/sys/fs/cgroup/cpu.max': max }))).toBe(expected);
});
