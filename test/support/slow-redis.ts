import type { Socket } from 'node:net';
import { listening, TcpProxy } from './tcp-proxy.js';

/** A published message on its way to a subscriber, in Redis' protocol. */
export const PUSHED_MESSAGE = />3\r\n\$7\r\nmessage\r\n\$\d+\r\n[^\r]*\r\n\$\d+\r\n[^\r]*\r\n/g;

/**
 * A TCP proxy before Redis that can hold back the replies to chosen commands, the one way to force the race between a
 * read of the store and a live message, or lose some of them, as a connection that is half dead does.
 */
export class SlowRedis extends TcpProxy {
  private readonly held: Socket[] = [];
  private holding: RegExp | undefined;
  private swallowing: RegExp | undefined;
  /** How often a command to be held came by. */
  holds = 0;

  static override async start(redisPort: number): Promise<SlowRedis> {
    return new SlowRedis(await listening(), redisPort);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** From now on, a connection that sends a command matching `command` gets no reply until `release`. */
  hold(command: RegExp): void {
    this.holding = command;
  }

  /** From now on, what Redis sends that matches `reply` (with the flag g) is lost, until `release`. */
  swallow(reply: RegExp): void {
    this.swallowing = reply;
  }

  release(): void {
    this.holding = undefined;
    this.swallowing = undefined;
    for (const redis of this.held.splice(0)) redis.resume();
  }

  protected override request(chunk: Buffer, redis: Socket): void {
    if (this.holding?.test(chunk.toString('latin1'))) {
      this.holds++;
      redis.pause();
      this.held.push(redis);
    }
    redis.write(chunk);
  }

  protected override response(chunk: Buffer, client: Socket): void {
    const { swallowing } = this;
    client.write(
      swallowing ? Buffer.from(chunk.toString('latin1').replace(swallowing, ''), 'latin1') : chunk,
    );
  }
}
