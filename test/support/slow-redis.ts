import type { Socket } from 'node:net';
import { listening, TcpProxy } from './tcp-proxy.js';

/** A published message to a subscriber, in the Redis protocol. */
export const PUSHED_MESSAGE = />3\r\n\$7\r\nmessage\r\n\$\d+\r\n[^\r]*\r\n\$\d+\r\n[^\r]*\r\n/g;

/**
 * A TCP proxy in front of Redis. It can hold back the replies to chosen commands, which is the only
 * way to force the race between a read of the store and a live message. It can also lose some
 * replies, like a connection that is half dead.
 */
export class SlowRedis extends TcpProxy {
  private readonly held: Socket[] = [];
  private holding: RegExp | undefined;
  private swallowing: RegExp | undefined;
  /** How many commands arrived whose replies are held back. */
  holds = 0;

  static override async start(redisPort: number): Promise<SlowRedis> {
    return new SlowRedis(await listening(), redisPort);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /**
   * From now on, a connection that sends a command matching `command` receives no reply until
   * `release`.
   */
  hold(command: RegExp): void {
    this.holding = command;
  }

  /**
   * From now on until `release`, data from Redis that matches `reply` (with the flag g) is lost.
   */
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
