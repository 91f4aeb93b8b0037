import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answer, Methods } from './methods.js';

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A process of the benchmark (load generator or publisher) that is controlled over its IPC channel.
 */
export class Worker<M extends Methods<M>> {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private ended = false;

  /** @param module the path of the compiled entry, relative to `bench/` */
  constructor(private readonly module: string) {
    this.child = fork(join(__dirname, '..', module), {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (answer: Answer) => {
      const waiting = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve(answer.output);
      else waiting?.reject(new Error(`${this.module}: ${answer.error}`));
    });
    this.child.once('exit', (code, signal) => {
      this.ended = true;
      for (const { reject } of this.waiting.values()) {
        reject(new Error(`${this.module} ended (${signal ?? code})`));
      }
      this.waiting.clear();
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  call<K extends keyof M & string>(method: K, input: M[K]['input']): Promise<M[K]['output']> {
    if (this.ended) return Promise.reject(new Error(`${this.module} has ended`));
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      // The types are unknown here, but both ends of the channel are compiled with the same table
      // of methods.
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, method, input });
    });
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
