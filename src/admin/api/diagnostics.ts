import { Session } from 'node:inspector/promises';
import type { Readable } from 'node:stream';
import { getHeapSnapshot } from 'node:v8';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, delay } from '../../common/clock.js';
import { GatewayConfig } from '../../config/gateway-config.js';
import { AdminError } from './admin-error.js';

export const MAX_PROFILE_SECONDS = 60;

/** Makes heap snapshots and CPU profiles of this process, one at a time. */
@Injectable()
export class Diagnostics {
  private busy = false;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The text of a heap snapshot, which Chrome's developer tools read. Nothing else runs while V8
   * makes it: about a second for each 100 MB.
   * @param began is called right before, because the process may run out of memory
   * @throws AdminError if it is switched off, or if another one is under way
   */
  heapSnapshot(began: () => void): Readable {
    this.begin();
    try {
      began();
      const snapshot = getHeapSnapshot();
      snapshot.once('close', () => (this.busy = false));
      return snapshot;
    } catch (error) {
      this.busy = false;
      throw error;
    }
  }

  /**
   * A CPU profile, which Chrome's developer tools read.
   * @param signal ends it early
   * @throws AdminError if it is switched off, or if another one is under way
   */
  cpuProfile(seconds: number, signal: AbortSignal): Promise<object> {
    this.begin();
    return this.profile(seconds, signal);
  }

  private async profile(seconds: number, signal: AbortSignal): Promise<object> {
    const session = new Session();
    try {
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.start');
      await delay(this.clock, seconds * 1_000, signal);
      const { profile } = await session.post('Profiler.stop');
      return profile;
    } finally {
      session.disconnect();
      this.busy = false;
    }
  }

  private begin(): void {
    if (!this.config.adminDiagnostics)
      throw new AdminError(403, 'Set ADMIN_DIAGNOSTICS=true first. Heap snapshots hold tokens of clients.');
    if (this.busy) throw new AdminError(409, 'A snapshot or profile is under way. Wait until it has ended.');
    this.busy = true;
  }
}
