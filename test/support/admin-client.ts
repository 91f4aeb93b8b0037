import type { GatewayProcess } from './gateway-process.js';

export const ADMIN_TOKEN = 'b7d0c6a1f4e94c0d-admin';

/** What the admin API answered. The body has the type that the caller expects of it. */
export interface AdminAnswer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** Calls the admin API of one replica, as operators do. */
export class AdminClient {
  constructor(
    private readonly gateway: GatewayProcess,
    private readonly headers: Readonly<Record<string, string>> = { authorization: `Bearer ${ADMIN_TOKEN}` },
  ) {}

  get<Body = unknown>(path: string): Promise<AdminAnswer<Body>> {
    return this.send('GET', path);
  }

  post<Body = unknown>(path: string, body: object = {}): Promise<AdminAnswer<Body>> {
    return this.send('POST', path, JSON.stringify(body));
  }

  put<Body = unknown>(path: string, body: object): Promise<AdminAnswer<Body>> {
    return this.send('PUT', path, JSON.stringify(body));
  }

  delete<Body = unknown>(path: string): Promise<AdminAnswer<Body>> {
    return this.send('DELETE', path);
  }

  async send<Body = unknown>(method: string, path: string, body?: string): Promise<AdminAnswer<Body>> {
    const response = await fetch(`${this.gateway.adminUrl}/admin/v1/${path}`, {
      method,
      headers: { ...this.headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  }
}
