import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '../../test/support/fake-clock.js';
import { readTlsPair, type TlsPair } from '../config/tls-files.js';
import { CertificateWatch } from './certificate-watch.js';

const folder = mkdtempSync(join(tmpdir(), 'gateway-certificate-'));
afterAll(() => rmSync(folder, { recursive: true }));

function makePair(name: string): TlsPair {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=x'];
  execFileSync('openssl', ['req', '-x509', ...options, '-keyout', files.key, '-out', files.cert], {
    stdio: 'ignore',
  });
  return readTlsPair(files);
}

describe('CertificateWatch', () => {
  const [first, second] = [makePair('first'), makePair('second')];
  const validFrom = Date.parse(new X509Certificate(first.cert).validFrom);

  /**
   * @param sinceIssued the time at the start, ms after both certificates were issued for 30 days
   */
  function start(sinceIssued = 60_000) {
    const clock = new FakeClock();
    const time = { sinceIssued };
    clock.wallNow = () => validFrom + time.sinceIssued + clock.now();
    const applied: TlsPair[] = [];
    const logged: string[] = [];
    const files: { now: TlsPair | Error } = { now: first };
    const note = (fields: object, message: string): void =>
      void logged.push(`${message} ${Object.values(fields).join()}`);
    const watch = new CertificateWatch(
      {
        clock,
        load: () => (files.now instanceof Error ? Promise.reject(files.now) : Promise.resolve(files.now)),
        apply: (pair) => applied.push(pair),
        log: { info: note, warn: note },
      },
      first,
    );
    watch.start();
    const check = async (now: TlsPair | Error): Promise<void> => {
      files.now = now;
      clock.advance(10_000);
      await turn();
    };
    return { applied, logged, check, watch, clock, time };
  }

  it('applies a renewed pair once', async () => {
    const { applied, logged, check } = start();
    for (const pair of [first, second, second, first]) await check(pair);
    expect(applied).toEqual([second, first]);
    expect(logged).toEqual([
      expect.stringMatching(/^tls_certificate_renewed \d{4}-\d\d-\d\dT/),
      expect.stringMatching(/^tls_certificate_renewed/),
    ]);
  });

  it('keeps the old pair while the files do not match, are missing or are invalid, and logs each once', async () => {
    const { applied, logged, check } = start();
    const mixed = { cert: second.cert, key: first.key };
    const mismatch = 'tls_certificate_not_renewed the key does not belong to the certificate';
    const gone = 'tls_certificate_not_renewed the files cannot be read';
    await check(mixed);
    await check(mixed);
    await check(new Error('ENOENT'));
    await check({ cert: '', key: '' });
    expect(applied).toEqual([]);
    expect(logged).toEqual([mismatch, gone, mismatch]);
    await check(second);
    expect(applied).toEqual([second]);
    await check(mixed);
    expect(logged.at(-1)).toBe(mismatch);
  });

  it('does nothing after it is stopped, not even a check that was in progress', async () => {
    const { applied, clock, watch } = start();
    clock.advance(10_000);
    watch.stop();
    await turn();
    clock.advance(60_000);
    expect(applied).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('reads the files at once on request, and keeps its own intervals', async () => {
    const { applied, watch, clock, check } = start();
    await check(first);
    watch.checkNow();
    watch.checkNow();
    await turn();
    expect(clock.pending).toBe(1);
    await check(second);
    expect(applied).toEqual([second]);
  });

  const DAY_MS = 86_400_000;

  it('warns once when the certificate expires soon, and once when it has expired', async () => {
    const { logged, check, time } = start();
    const at = async (days: number, pair = first): Promise<void> => {
      time.sinceIssued = days * DAY_MS;
      await check(pair);
    };
    await at(26.9);
    expect(logged).toEqual([]);
    for (const days of [27.1, 27.2]) await at(days);
    expect(logged).toEqual([
      expect.stringMatching(/^tls_certificate_expires_soon \d{4}-\d\d-\d\dT.*Z,\d{4}-/),
    ]);
    for (const days of [30.1, 30.2]) await at(days);
    expect(logged.slice(1)).toEqual([expect.stringMatching(/^tls_certificate_expired /)]);
    // A new one that has expired too is worth no second warning; one that is valid clears it.
    await at(1, second);
    expect(logged.slice(2)).toEqual([expect.stringMatching(/^tls_certificate_renewed /)]);
    await at(30.1, second);
    expect(logged.slice(3)).toEqual([expect.stringMatching(/^tls_certificate_expired /)]);
  });

  it.each([
    ['has expired', 31 * DAY_MS, /^tls_certificate_expired /],
    ['expires soon', 29 * DAY_MS, /^tls_certificate_expires_soon /],
    ['is not valid yet', -DAY_MS, /^tls_certificate_not_yet_valid /],
  ])('warns at start if the certificate %s', (_, sinceIssued, warning) => {
    expect(start(sinceIssued).logged).toEqual([expect.stringMatching(warning)]);
  });
});
