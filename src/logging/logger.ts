import { type Logger, pino } from 'pino';
import { standardOutput } from './log-output.js';

interface LoggerOptions {
  readonly logLevel: string;
  readonly serviceName: string;
}

/**
 * Creates the logger of the process: JSON lines on standard output, with the service's name.
 * @param worker the number of this worker, if the gateway has several
 */
export function createLogger(
  { logLevel: level, serviceName: service }: LoggerOptions,
  worker?: number,
): Logger {
  return pino({ level, base: { service, ...(worker !== undefined && { worker }) } }, standardOutput());
}
