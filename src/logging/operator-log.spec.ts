import { pino } from 'pino';
import { LOG_LEVELS } from '../config/environment.js';
import { OperatorLog } from './operator-log.js';

it.each(LOG_LEVELS)('writes its lines whether the level is %s at the start or later', (level) => {
  for (const [first, later] of [
    [level, level],
    ['info', level],
    [level, 'silent'],
  ] as const) {
    const lines: string[] = [];
    const logger = pino({ level: first }, { write: (line) => void lines.push(line) });
    const log = new OperatorLog(logger, 'AuditLog');
    logger.level = later;
    log.warn({ action: 'a' }, 'admin_action');
    log.info({}, 'trace_started');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { context: 'AuditLog', action: 'a', msg: 'admin_action' },
      { msg: 'trace_started' },
    ]);
  }
});
