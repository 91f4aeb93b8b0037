import { AuthError } from './auth-error.js';
import { NamespaceAuthMiddleware } from './namespace-auth-middleware.js';
import { systemClock } from '../common/clock.js';

class Client {
  constructor(readonly conn: { close: () => void; closed: number }) {}
}

function connection() {
  const conn = { closed: 0, close: () => void conn.closed++ };
  return conn;
}

describe('NamespaceAuthMiddleware', () => {
  let answer: () => Promise<string | undefined>;
  let codes: string[];
  let namespaceAuth: NamespaceAuthMiddleware<Client, string>;

  beforeEach(() => {
    answer = () => Promise.resolve('pass');
    codes = [];
    namespaceAuth = new NamespaceAuthMiddleware({
      clock: systemClock,
      admit: () => answer(),
      refused: ({ code }, fault) =>
        codes.push(fault instanceof Error ? `${code}, because ${fault.message}` : code),
    });
  });

  const ask = (client: Client): Promise<Error | undefined> =>
    new Promise((resolve) => namespaceAuth.ask(client, resolve));
  const refuseAll = (error: Error) => (answer = () => Promise.reject(error));

  it('returns what a client was admitted with, once', async () => {
    const client = new Client(connection());
    expect(await ask(client)).toBeUndefined();
    expect([namespaceAuth.enter(client), namespaceAuth.enter(client)]).toEqual(['pass', undefined]);
  });

  it('closes a connection that sends a second client while the first is being checked', async () => {
    const conn = connection();
    const answers: unknown[] = [];
    namespaceAuth.ask(new Client(conn), () => answers.push('first'));
    namespaceAuth.ask(new Client(conn), () => answers.push('second'));
    await new Promise(setImmediate);
    expect([conn.closed, answers]).toEqual([1, ['first']]);
  });

  it('accepts another client of the connection after the first has connected', async () => {
    const conn = connection();
    const first = new Client(conn);
    await ask(first);
    namespaceAuth.enter(first);
    expect(await ask(new Client(conn))).toBeUndefined();
  });

  it('refuses with an error that standard clients understand', async () => {
    refuseAll(new AuthError('AUTH_UNAVAILABLE', 'later', 2_000));
    expect(await ask(new Client(connection()))).toMatchObject({
      message: 'later',
      data: { code: 'AUTH_UNAVAILABLE', message: 'later', retry_after_ms: 2_000 },
    });
    expect(codes).toEqual(['AUTH_UNAVAILABLE']);
  });

  it('refuses the client on an internal error, and does not reveal the cause', async () => {
    refuseAll(new TypeError('keys[0] is undefined'));
    const error = await ask(new Client(connection()));
    expect(error).toMatchObject({ data: { code: 'AUTH_UNAVAILABLE' } });
    expect(JSON.stringify(error)).not.toContain('keys');
    expect(codes).toEqual(['AUTH_UNAVAILABLE, because keys[0] is undefined']);
  });

  it('closes a connection that is refused repeatedly', async () => {
    refuseAll(new AuthError('TOKEN_INVALID', 'no'));
    const conn = connection();
    for (const closed of [0, 0, 1]) {
      await ask(new Client(conn));
      await new Promise(setImmediate);
      expect(conn.closed).toBe(closed);
    }
    const other = connection();
    await ask(new Client(other));
    await new Promise(setImmediate);
    expect(other.closed).toBe(0);
  });
});
