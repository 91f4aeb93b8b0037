// Of Jest: the order of the test files.
const Sequencer = require('@jest/test-sequencer').default;

/**
 * Files that take longest, longest first. Jest knows no durations on a fresh machine and begins with the largest files: a small
 * file that takes long would be the last, and all processors but one would wait for it. A name that is not up to date costs
 * time, nothing else.
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
