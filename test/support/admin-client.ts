import type { GatewayProcess } from './gateway-process.js';

export const ADMIN_TOKEN = 'b7d0c6a1f4e94c0d-admin';

/** What the admin API answered. */
export interface AdminAnswer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its untyped value is for assertions
  readonly body: any;
}

/** Calls the admin API of one replica, as operators do. */
export class AdminClient {
  constructor(
    private readonly gateway: GatewayProcess,
    private readonly headers: Readonly<Record<string, string>> = { authorization: `Bearer ${ADMIN_TOKEN}` },
  ) {}

  get(path: string): Promise<AdminAnswer> {
    return this.send('GET', path);
  }

  post(path: string, body: object = {}): Promise<AdminAnswer> {
    return this.send('POST', path, JSON.stringify(body));
  }

  put(path: string, body: object): Promise<AdminAnswer> {
    return this.send('PUT', path, JSON.stringify(body));
  }

  delete(path: string): Promise<AdminAnswer> {
    return this.send('DELETE', path);
  }

  async send(method: string, path: string, body?: string): Promise<AdminAnswer> {
    const response = await fetch(`${this.gateway.adminUrl}/admin/v1/${path}`, {
      method,
      headers: { ...this.headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }
}
