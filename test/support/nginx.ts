import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp } from './cleanup.js';
import { Command } from './command.js';
import { temporaryFolder } from './temporary-folder.js';
import { freePort } from './wait.js';

export const NGINX_CONF = join(__dirname, '../../deploy/nginx/nginx.conf');

/** A real nginx with a configuration of the test. */
export class Nginx {
  private constructor(
    readonly url: string,
    private readonly args: readonly string[],
    private readonly file: string,
    private readonly command: Command,
  ) {}

  /**
   * Starts nginx with the deployed configuration, in front of replicas on this machine.
   * @param replicas their ports on 127.0.0.1
   */
  static start(replicas: readonly number[]): Promise<Nginx> {
    return Nginx.run((port) => deployed(port, replicas), '/health/live');
  }

  /**
   * @param configure returns the configuration for the given port
   * @param path a path that returns 200 once nginx is up
   */
  static async run(configure: (port: number) => string, path: string): Promise<Nginx> {
    const port = await freePort();
    const folder = await temporaryFolder();
    const file = join(folder, 'nginx.conf');
    const args = ['-p', folder, '-c', file, '-g', `daemon off; pid ${folder}/nginx.pid;`];
    await write(file, configure(port), args);
    const nginx = new Nginx(`http://127.0.0.1:${port}`, args, file, Command.spawn('nginx', args));
    // After SIGKILL its workers would keep running.
    cleanUp(() => nginx.stop());
    await nginx.command.until(async () => (await fetch(nginx.url + path)).ok);
    return nginx;
  }

  /**
   * Starts new workers with another configuration. The old ones finish their connections, and this
   * method does not wait for them.
   */
  async reload(conf: string): Promise<void> {
    await write(this.file, conf, this.args);
    this.command.process.kill('SIGHUP');
  }

  /** The current workers, and older ones that still have connections. */
  get workers(): number {
    const { pid } = this.command.process;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).length;
  }

  async stop(): Promise<void> {
    await this.command.end('SIGTERM');
  }
}

/** Replaces the scratch folders of the system with folders of the test. */
async function write(file: string, conf: string, args: readonly string[]): Promise<void> {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const folders = scratch.map((name) => `${name}_temp_path ${join(file, '..', name)};`);
  await writeFile(file, replaceOnce(conf, 'http {', `http {\n${folders.join('\n')}`));
  const test = Command.spawn('nginx', ['-t', ...args]);
  if ((await test.exit()) !== 0) throw new Error(`nginx refuses its configuration: ${test.output}`);
}

/** Replaces the upstream and the port, and keeps the rest. */
function deployed(port: number, replicas: readonly number[]): string {
  const conf = readFileSync(NGINX_CONF, 'utf8');
  const options = /server socket-gateway:8002 (.*)/.exec(conf)![1]!;
  const servers = replicas.map((replica) => `server 127.0.0.1:${replica} ${options}`);
  return replaceOnce(
    replaceOnce(conf, `server socket-gateway:8002 ${options}`, servers.join('\n')),
    'listen 8002;',
    `listen 127.0.0.1:${port};`,
  );
}

function replaceOnce(conf: string, from: string, to: string): string {
  if (conf.split(from).length !== 2) throw new Error(`nginx.conf must have ${from} once`);
  return conf.replace(from, () => to);
}
