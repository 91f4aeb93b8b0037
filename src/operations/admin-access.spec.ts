import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { AdminAccess } from './admin-access.js';

const TOKEN = 'a-token-of-32-letters-and-digits';

function request(authorization?: string): IncomingMessage {
  const made = new IncomingMessage(new Socket());
  made.headers = { authorization, host: 'gateway:9000', 'x-forwarded-port': '9000' };
  return made;
}

describe('AdminAccess', () => {
  it.each([
    [undefined, 'wrong_token'],
    ['', 'wrong_token'],
    ['Bearer', 'wrong_token'],
    ['Bearer ', 'wrong_token'],
    [TOKEN, 'wrong_token'],
    [`Basic ${TOKEN}`, 'wrong_token'],
    [`Bearer ${TOKEN.slice(1)}`, 'wrong_token'],
    [`Bearer ${TOKEN}x`, 'wrong_token'],
    [`Bearer ${TOKEN} ${TOKEN}`, 'wrong_token'],
    [`Bearer ${TOKEN.toUpperCase()}`, 'wrong_token'],
    [`Bearer ${TOKEN}`, 'granted'],
    [`bearer  ${TOKEN}`, 'granted'],
  ])('Authorization: %s is %s', (authorization, access) => {
    expect(new AdminAccess(false, TOKEN).of(request(authorization))).toBe(access);
  });

  it('grants access only to requests on the admin port if there is one, whatever their headers say', () => {
    for (const token of [undefined, TOKEN]) {
      const access = new AdminAccess(true, token);
      const [admitted, other] = [request(`Bearer ${TOKEN}`), request(`Bearer ${TOKEN}`)];
      access.admit(admitted);
      expect(access.of(admitted)).toBe('granted');
      expect(access.of(other)).toBe('wrong_port');
    }
  });
});
