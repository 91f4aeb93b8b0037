import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface RestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The parsed body; undefined if it is not JSON. */
  readonly json: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

interface RestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes a request with exactly these headers: `fetch` adds and hides some, and decompresses. */
export function ask(base: string, path: string, { method = 'GET', headers }: RestOptions = {}) {
  return new Promise<RestAnswer>((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const sent = httpRequest({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text,
          json: parsed(text),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
