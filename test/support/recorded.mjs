// Loaded before a program with --import. Records what its socket.io-clients send and receive, as
// clients/python/tests/recorded.py does. It resolves socket.io-client where the program would.
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { threadId } from 'node:worker_threads';

const file = process.env.RECORDED_MESSAGES;
const names = new WeakMap();
let count = 0;

function write(socket, direction, { type, nsp, id, data }) {
  if (nsp !== undefined && nsp !== '/') return;
  if (!names.has(socket)) names.set(socket, `${process.pid}.${threadId}.${(count += 1)}`);
  const json = data === undefined ? '' : JSON.stringify(data);
  appendFileSync(file, `${names.get(socket)} ${direction} ${type}${id ?? ''}${json}\n`);
}

function record(prototype) {
  const { packet: send, onpacket: receive } = prototype;
  prototype.packet = function (packet) {
    write(this, '>', packet);
    return send.call(this, packet);
  };
  prototype.onpacket = function (packet) {
    write(this, '<', packet);
    return receive.call(this, packet);
  };
}

const module = await import('socket.io-client');
const common = createRequire(import.meta.url)('socket.io-client');
for (const prototype of new Set([module.Socket.prototype, common.Socket.prototype])) record(prototype);
