/** Loaded into a gateway before its own code (`NODE_OPTIONS=--require`): on SIGUSR2 it collects its garbage. */
const process = require('node:process');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
process.on('SIGUSR2', () => collectGarbage());
