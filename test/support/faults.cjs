/**
 * Loaded into a gateway before its own code (`NODE_OPTIONS=--require`): on SIGUSR2 it has the fault that FAULT names, on a
 * second one no longer.
 */
const { Buffer } = require('node:buffer');
const { performance } = require('node:perf_hooks');
const process = require('node:process');
const { clearInterval, setInterval } = require('node:timers');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

let active;
const held = [];

const faults = {
  throw: () => {
    throw new Error('made by the test');
  },
  reject: () => void Promise.reject(new Error('made by the test')),
  /** Takes the event loop for 1 s at a time, with a moment in between for others. */
  block: (begin) => {
    clearInterval(active);
    if (!begin) return;
    active = setInterval(() => {
      const end = performance.now() + 1_000;
      while (performance.now() < end);
    }, 50);
  },
  /** Takes the event loop for 10 s. */
  hang: () => {
    const end = performance.now() + 10_000;
    while (performance.now() < end);
  },
  memory: (begin) => {
    held.length = 0;
    if (begin) held.push(Buffer.alloc(600_000_000, 1));
    collectGarbage();
  },
};

let count = 0;
process.on('SIGUSR2', () => faults[process.env.FAULT](++count % 2 === 1));
