import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../tools/free-port.js';
import { LeashedProcess } from '../harness/leashed-process.js';
import { processTree } from '../harness/proc-stat.js';
import { EVERYTHING, NCHAN_PUBLISH_PATH } from '../publish/wire-format.js';
import { answers } from './nats.js';
import { versionOf } from './node-servers.js';
import type { StartPeer, Workload } from './peer.js';

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';
const SUBSCRIBE_PATH = '/subscribe';

/**
 * nginx with nchan and one worker, because the gateway is one process. The publisher pipelines
 * POSTs on one connection.
 */
export const startNchan: StartPeer = async () => {
  if (versionOf('nginx', '-v') === undefined) return { skipped: 'no nginx on the PATH' };
  if (!existsSync(MODULE)) return { skipped: `no ${MODULE} (Debian: libnginx-mod-nchan)` };
  const [port, dir] = await Promise.all([freePort(), LeashedProcess.folder('nchan')]);
  const file = join(dir, 'nginx.conf');
  await writeFile(file, configOf(port, dir));
  const server = await LeashedProcess.start(['nginx', '-p', dir, '-c', file], dir);
  await server.until(() => answers(port), 'nginx does not listen');
  // The listening socket belongs to the master, which accepts connections before the worker is
  // ready.
  let pids = processTree(server.pid);
  for (; pids.length < 2; pids = processTree(server.pid)) await delay(10);
  return {
    dialect: 'text',
    port,
    path: SUBSCRIBE_PATH,
    target: { kind: 'nchan', port },
    pids,
    profile: ({ keys }: Workload) => ({ greeting: [], confirmations: 0, snapshots: 0, keys }),
    stop: () => server.stop(),
  };
};

function configOf(port: number, dir: string): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `load_module ${MODULE};
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid ${dir}/nginx.pid;
error_log stderr warn;
events { worker_connections 19000; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_buffer_size 256k;
  ${folders.map((name) => `${name}_temp_path ${dir}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = ${NCHAN_PUBLISH_PATH} {
      nchan_publisher http;
      nchan_channel_id ${EVERYTHING};
      nchan_message_buffer_length 2000;
      nchan_message_timeout 10s;
    }
    location = ${SUBSCRIBE_PATH} {
      nchan_subscriber websocket;
      nchan_channel_id ${EVERYTHING};
      nchan_subscriber_first_message newest;
    }
  }
}
`;
}
