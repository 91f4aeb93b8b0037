import { execFileSync } from 'node:child_process';
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

  function start() {
    const clock = new FakeClock();
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
    return { applied, logged, check, watch, clock };
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
});
