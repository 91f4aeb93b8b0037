import fc from 'fast-check';
import { effectiveSettings, SECRETS } from './effective-settings.js';
import { Environment } from './environment.js';
import { loadConfig } from './gateway-config.js';

it('shows every setting, and which of them are the defaults', () => {
  const { effective } = loadConfig({ LOG_LEVEL: 'warn', PRODUCTS: 'NIFTY,AAPL' });
  expect(Object.keys(effective).sort()).toEqual(Object.keys(new Environment()).sort());
  expect(effective).toMatchObject({
    LOG_LEVEL: { value: 'warn', is_default: false },
    PRODUCTS: { value: ['NIFTY', 'AAPL'], is_default: false },
    PORT: { value: 8002, is_default: true },
    ADMIN_PORT: { value: null, is_default: true },
  });
});

it('does not say of a secret whether it is the default', () => {
  const { effective } = loadConfig({});
  expect(effective.SECRET_KEY).toEqual({ value: '***', is_default: false });
});

it.each([...SECRETS])('never shows %s', (name) => {
  const environment = Object.assign(new Environment(), { [name]: 'a-value-to-hide' });
  expect(JSON.stringify(effectiveSettings(environment))).not.toContain('value-to-hide');
});

it('shows no password of a URL, whatever characters it has', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8, maxLength: 30 }), (password) => {
      fc.pre(password.trim().length >= 8 && !'redis://***@host:6379/0'.includes(password));
      const environment = new Environment();
      environment.REDIS_URL = `redis://user:${password}@host:6379/0`;
      const { value } = effectiveSettings(environment).REDIS_URL!;
      expect(value).toBe('redis://***@host:6379/0');
    }),
  );
});
