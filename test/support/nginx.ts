import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp } from './cleanup.js';
import { Command } from './command.js';
import { temporaryFolder } from './temporary-folder.js';
import { freePort } from './wait.js';

export const NGINX_CONF = join(__dirname, '../../deploy/nginx/nginx.conf');

/** nginx with the configuration that is deployed, before replicas on this machine. */
export class Nginx {
  private constructor(
    readonly url: string,
    private readonly command: Command,
  ) {}

  /** @param replicas their ports, on 127.0.0.1 */
  static async start(replicas: readonly number[]): Promise<Nginx> {
    const port = await freePort();
    const args = await configure(port, replicas);
    const test = Command.spawn('nginx', ['-t', ...args]);
    if ((await test.exit()) !== 0) throw new Error(`nginx refuses its configuration: ${test.output}`);
    const nginx = new Nginx(`http://127.0.0.1:${port}`, Command.spawn('nginx', args));
    // With SIGKILL its workers would go on.
    cleanUp(() => nginx.stop());
    await nginx.command.until(async () => (await fetch(`${nginx.url}/health/live`)).ok);
    return nginx;
  }

  async stop(): Promise<void> {
    await this.command.end('SIGTERM');
  }
}

/** Its upstream and port, and nginx's scratch folders, as they must be here; the rest as it is. */
async function configure(port: number, replicas: readonly number[]): Promise<string[]> {
  const folder = await temporaryFolder();
  let conf = readFileSync(NGINX_CONF, 'utf8');
  const replace = (from: string, to: string) => {
    if (conf.split(from).length !== 2) throw new Error(`nginx.conf must have ${from} once`);
    conf = conf.replace(from, to);
  };
  const options = /server socket-gateway:8002 (.*)/.exec(conf)![1]!;
  replace(
    `server socket-gateway:8002 ${options}`,
    replicas.map((replica) => `server 127.0.0.1:${replica} ${options}`).join('\n'),
  );
  replace('listen 8002;', `listen 127.0.0.1:${port};`);
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  replace('http {', `http {\n${scratch.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}`);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, conf);
  return ['-p', folder, '-c', file, '-g', `daemon off; pid ${folder}/nginx.pid;`];
}
