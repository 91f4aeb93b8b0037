import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AdminErrorBody } from './admin-error.js';

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/**
 * Middleware that responds with 415 to a body that is not declared as JSON. Browsers send forms of
 * pages of any origin without asking, but never as JSON.
 */
export function refuseOtherBodies(
  { headers }: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): void {
  const type = headers['content-type'];
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (type === undefined ? !hasBody : JSON_TYPE.test(type)) {
    next();
    return;
  }
  const statusCode = 415;
  const body: AdminErrorBody = {
    statusCode,
    message: `${STATUS_CODES[statusCode]}: send JSON with Content-Type: application/json.`,
  };
  response.writeHead(statusCode, { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' });
  response.end(JSON.stringify(body));
}
