import { Controller, Get, Query, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import type { AdminStats } from '../../contract/index.js';
import { OperatorGuard } from './operator.guard.js';
import { AdminAccess } from '../../operations/admin-access.js';
import { Roster } from '../../replicas/roster.js';
import { StatsWatch } from '../stats/stats-watch.js';
import { NO_FIELDS } from './admin-validation.js';
import { AdminError, AdminExceptionFilter } from './admin-error.js';

/** The most streams of this replica at a time. */
const MAX_STREAMS = 50;
/** A reader that has not read so many bytes misses states: the next one replaces them. */
const MAX_UNREAD_BYTES = 1_048_576;
/** After so many of them in a row, its stream is closed. */
const MAX_SKIPPED = 30;
/** After how many states all replicas have either reported or are known to be missing. */
const SETTLED_STATES = 4;

/** The state of all replicas. */
@Controller('admin/v1/stats')
@UseGuards(OperatorGuard)
@UseFilters(AdminExceptionFilter)
export class StatsController {
  private streams = 0;

  constructor(
    private readonly stats: StatsWatch,
    private readonly roster: Roster,
    private readonly access: AdminAccess,
  ) {}

  /** One state. It takes one to three seconds, because replicas measure only when they are asked. */
  @Get()
  async one(@Query(NO_FIELDS) _: object): Promise<AdminStats> {
    return new Promise((resolve) => {
      let seen = 0;
      const stop = this.stats.watch((state) => {
        const known = this.roster.others.length + 1;
        if (state.replicas.length + state.missing.length < known && ++seen < SETTLED_STATES) return;
        stop();
        resolve(state);
      });
    });
  }

  /** Each second a state, as an event stream. */
  @Get('stream')
  stream(@Query(NO_FIELDS) _: object, @Res() response: Response): void {
    if (this.streams >= MAX_STREAMS)
      throw new AdminError(503, `There are ${MAX_STREAMS} streams already. Close one of them.`);
    this.streams++;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.write(': the first state follows within two seconds\n\n');
    const { generation } = this.access;
    let skipped = 0;
    const stop = this.stats.watch((state) => {
      if (this.access.generation !== generation) {
        response.destroy();
        return;
      }
      skipped = response.writableLength > MAX_UNREAD_BYTES ? skipped + 1 : 0;
      if (skipped > MAX_SKIPPED) response.destroy();
      if (skipped > 0) return;
      response.write(`event: admin_stats\ndata: ${JSON.stringify(state)}\n\n`);
    });
    response.on('close', () => {
      stop();
      this.streams--;
    });
  }
}
