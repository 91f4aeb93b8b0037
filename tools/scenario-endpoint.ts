import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MarketSimulator } from './simulator/market-simulator.js';
import { isScenario, type Scenario, SCENARIOS } from './simulator/scenarios.js';

export const SCENARIO_PATH = '/demo/scenario';

/** A request body has one short word. */
const MAX_BODY_BYTES = 1024;

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/**
 * Tells the page that it runs on the demo, and may ask for the scenario. Browsers show this header
 * to the page itself. Asking on any other gateway would only write an error to the console.
 */
export const markDemo: Middleware = (_request, response, next) => {
  response.setHeader('Server-Timing', 'deltastream-demo');
  next();
};

/** Why a request is rejected. */
interface Rejection {
  readonly status: number;
  readonly message: string;
}

/**
 * Lets the page of the demo read and choose the scenario of the simulated market. `GET` returns
 * `{scenario, scenarios}`, and `PUT` takes `{scenario}` and returns the same. Only pages of the demo
 * itself may use it. Mount it at {@link SCENARIO_PATH}.
 */
export function scenarioEndpoint(market: Pick<MarketSimulator, 'scenario' | 'play'>): Middleware {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isSameOrigin(request)) {
      return reject(response, { status: 403, message: 'Only the page of this demo may use this address.' });
    }
    if (request.method === 'PUT') {
      const scenario = await requestedScenario(request);
      if (typeof scenario !== 'string') return reject(response, scenario);
      market.play(scenario);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD, PUT');
      return reject(response, { status: 405, message: 'Use GET or PUT.' });
    }
    send(response, 200, { scenario: market.scenario, scenarios: SCENARIOS });
  };
  return (request, response, next) => {
    if (new URL(request.url ?? '/', 'http://demo').pathname !== '/') next();
    // A request that breaks off has no use for a response.
    else answer(request, response).catch(() => response.destroy());
  };
}

/**
 * Browsers say in `Sec-Fetch-Site` whether a page of another site asks, and older ones send an
 * `Origin` to compare. A program that is not a browser sends neither.
 */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin, host } = headers;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

async function requestedScenario(request: IncomingMessage): Promise<Scenario | Rejection> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    return { status: 415, message: 'The body must be application/json.' };
  }
  const body = await bodyOf(request);
  if (body === undefined) {
    return { status: 413, message: `The body must not be longer than ${MAX_BODY_BYTES} bytes.` };
  }
  const scenario = scenarioIn(body);
  return isScenario(scenario)
    ? scenario
    : {
        status: 400,
        message: `The body must be {"scenario": NAME}; NAME is one of ${SCENARIOS.join(', ')}.`,
      };
}

/** Undefined if the body is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

function scenarioIn(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? Reflect.get(value, 'scenario') : undefined;
  } catch {
    return undefined;
  }
}

function reject(response: ServerResponse, { status, message }: Rejection): void {
  // What is left of the body is not read.
  response.setHeader('Connection', 'close');
  send(response, status, { statusCode: status, message });
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  // The gateway lets other origins read what it serves.
  response.removeHeader('Access-Control-Allow-Origin');
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}
