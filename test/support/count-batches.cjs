/**
 * Loaded into a gateway before its own code (`NODE_OPTIONS=--require`): writes to the file
 * `BATCHED_WRITES_FILE` how many writes to clients the native addon has made.
 */
const { writeFileSync } = require('node:fs');
const Module = require('node:module');
const process = require('node:process');

const load = Module._extensions['.node'];
let total = 0;

Module._extensions['.node'] = (module, filename) => {
  load(module, filename);
  if (!filename.endsWith('batch-send.node')) return;
  const { send, ...rest } = module.exports;
  module.exports = {
    ...rest,
    send(buffers, runs, writes, count, taken) {
      send(buffers, runs, writes, count, taken);
      total += count;
      writeFileSync(process.env.BATCHED_WRITES_FILE, `${total}`);
    },
  };
};
