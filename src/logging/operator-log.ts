import type { Logger } from 'pino';

/**
 * Writes what operators must be able to rely on: the audit log, and traces that they asked for. Its
 * lines are written at every `LOG_LEVEL`, and also while an operator has changed the level.
 */
export class OperatorLog {
  private readonly log: Pick<Logger, 'info' | 'warn'>;

  /** @param context the class whose lines it writes */
  constructor(logger: Pick<Logger, 'child'>, context: string) {
    const log = logger.child({ context });
    // Only after this does the child have a level of its own: pino ignores the option `level` of
    // `child` if it is the level of the parent at that moment.
    log.level = 'info';
    this.log = log;
  }

  info(fields: object, event: string): void {
    this.log.info(fields, event);
  }

  warn(fields: object, event: string): void {
    this.log.warn(fields, event);
  }
}
