// Jest's test sequencer: the order of the test files.
const Sequencer = require('@jest/test-sequencer').default;

/**
 * The slowest files, slowest first. On a fresh machine Jest knows no durations, and starts with the
 * largest files. A small but slow file would then run last, while all processors but one are idle.
 * An outdated name in this list only costs time.
 */
const SLOW = [
  'scaling.cluster',
  'roll-out.cluster',
  'http-bounds.e2e',
  'python.client',
  'image.e2e',
  'old-front-end.client',
  'soak.client',
  'redis-topologies.e2e',
  'freshness.e2e',
  'auth.e2e',
  'limits.e2e',
  'overload.e2e',
  'tls.e2e',
  'drain.e2e',
  'cleanup.e2e',
  'refusals.helm',
  'storms.e2e',
];

module.exports = class SlowFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = SLOW.findIndex((name) => path.includes(`/${name}`));
      return index < 0 ? SLOW.length : index;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
