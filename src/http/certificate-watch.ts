import { X509Certificate } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import type { Clock, Timer } from '../common/clock.js';
import { isTlsPair, loadTlsPair, type TlsFiles, type TlsPair } from '../config/tls-files.js';
import { secureContext } from './http-server.js';

/** How often the files are looked at, ms. Certificates are renewed days before they end. */
const CHECK_EVERY_MS = 10_000;

interface WatchedCertificate {
  readonly clock: Clock;
  /** What is in the files now. */
  readonly load: () => Promise<TlsPair>;
  /** Has new connections use it; those that are open keep what they were made with. */
  readonly apply: (pair: TlsPair) => void;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** When the certificate of a pair ends, ms since the epoch. */
export function certificateEnd({ cert }: TlsPair): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

/**
 * Takes a renewed certificate from its files without a restart. They are read and compared instead of watched: what rotates
 * them replaces a link above them (Kubernetes) or the files themselves, one after the other, and no notice tells which.
 */
export class CertificateWatch {
  private timer: Timer | undefined;
  private stopped = false;
  /** What was wrong, as long as it is: told once. */
  private problem: string | undefined;

  constructor(
    private readonly options: WatchedCertificate,
    private current: TlsPair,
  ) {}

  start(): void {
    this.timer = this.options.clock.after(CHECK_EVERY_MS, () => void this.check());
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private async check(): Promise<void> {
    const pair = await this.options.load().catch(() => undefined);
    if (this.stopped) return;
    if (pair === undefined) this.fault('they cannot be read');
    else if (pair.cert === this.current.cert && pair.key === this.current.key) this.problem = undefined;
    // Of two files one is always there first: until the other has come, too, the old ones stay in use.
    else if (!isTlsPair(pair)) this.fault('the key is not that of the certificate');
    else this.renew(pair);
    this.start();
  }

  private renew(pair: TlsPair): void {
    this.options.apply(pair);
    this.current = pair;
    this.problem = undefined;
    const validTo = new Date(certificateEnd(pair)).toISOString();
    this.options.log.info({ valid_to: validTo }, 'tls_certificate_renewed');
  }

  private fault(problem: string): void {
    if (problem === this.problem) return;
    this.problem = problem;
    this.options.log.warn({ problem }, 'tls_certificate_not_renewed');
  }
}

/**
 * Watches the certificate of a running server.
 * @param inUse is called with the end of the certificate in use, seconds since the epoch: now, and after each renewal
 */
export function watchCertificate(
  server: HttpsServer,
  files: TlsFiles,
  pair: TlsPair,
  {
    clock,
    log,
    inUse,
  }: Pick<WatchedCertificate, 'clock' | 'log'> & { readonly inUse: (end: number) => void },
): CertificateWatch {
  inUse(certificateEnd(pair) / 1_000);
  const apply = (renewed: TlsPair): void => {
    server.setSecureContext(secureContext(renewed));
    inUse(certificateEnd(renewed) / 1_000);
  };
  return new CertificateWatch({ clock, load: () => loadTlsPair(files), apply, log }, pair);
}
