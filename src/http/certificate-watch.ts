import { X509Certificate } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import type { Clock, Timer } from '../common/clock.js';
import { isTlsPair, loadTlsPair, type TlsFiles, type TlsPair } from '../config/tls-files.js';
import { secureContext } from './http-server.js';

/**
 * The time between two checks of the files, ms. Certificates are renewed days before they expire.
 */
const CHECK_EVERY_MS = 10_000;

interface WatchedCertificate {
  readonly clock: Clock;
  /** Reads the current files. */
  readonly load: () => Promise<TlsPair>;
  /** Makes new connections use the pair. Open connections keep the old one. */
  readonly apply: (pair: TlsPair) => void;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** A certificate that is not renewed by now has probably been forgotten. */
const SOON_MS = 7 * 86_400_000;
/** The same for one that is issued for days or hours: this part of its time. */
const SOON_SHARE = 0.1;

type Validity = 'not_yet_valid' | 'valid' | 'expires_soon' | 'expired';

/** When a certificate is valid, ms since the epoch. */
interface Period {
  readonly from: number;
  readonly to: number;
}

function periodOf({ cert }: TlsPair): Period {
  const { validFrom, validTo } = new X509Certificate(cert);
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

function validityIn({ from, to }: Period, wallMs: number): Validity {
  if (wallMs < from) return 'not_yet_valid';
  if (wallMs >= to) return 'expired';
  return to - wallMs < Math.min(SOON_MS, SOON_SHARE * (to - from)) ? 'expires_soon' : 'valid';
}

/** Returns the expiry time of the certificate of a pair, ms since the epoch. */
export function certificateEnd(pair: TlsPair): number {
  return periodOf(pair).to;
}

/**
 * Applies a renewed certificate without a restart. It reads and compares the files periodically
 * instead of watching them. Tools that rotate certificates replace either a link above the files
 * (Kubernetes) or the files one after the other, and file system events do not report both cases
 * reliably.
 */
export class CertificateWatch {
  private timer: Timer | undefined;
  private stopped = false;
  /** The current problem, which is logged only once. */
  private problem: string | undefined;
  /** The validity that was last logged. */
  private validity: Validity = 'valid';
  private checking = false;

  constructor(
    private readonly options: WatchedCertificate,
    private current: TlsPair,
  ) {}

  start(): void {
    this.warnOfValidity();
    this.timer = this.options.clock.after(CHECK_EVERY_MS, () => void this.check());
  }

  /** Reads the files now, instead of at the next time. */
  checkNow(): void {
    if (this.checking) return;
    this.timer?.cancel();
    void this.check();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private async check(): Promise<void> {
    this.checking = true;
    const pair = await this.options.load().catch(() => undefined);
    this.checking = false;
    if (this.stopped) return;
    if (pair === undefined) this.fault('the files cannot be read');
    else if (pair.cert === this.current.cert && pair.key === this.current.key) this.problem = undefined;
    // While only one of the two files has been replaced, they do not match, and the old pair stays
    // in use.
    else if (!isTlsPair(pair)) this.fault('the key does not belong to the certificate');
    else this.renew(pair);
    this.start();
  }

  /** Once for each change: clients trust the certificate only while it is valid. */
  private warnOfValidity(): void {
    const { clock, log } = this.options;
    const period = periodOf(this.current);
    const validity = validityIn(period, clock.wallNow());
    if (validity === this.validity) return;
    this.validity = validity;
    const fields = { valid_from: iso(period.from), valid_to: iso(period.to) };
    if (validity === 'expired') log.warn(fields, 'tls_certificate_expired');
    if (validity === 'expires_soon') log.warn(fields, 'tls_certificate_expires_soon');
    if (validity === 'not_yet_valid') log.warn(fields, 'tls_certificate_not_yet_valid');
  }

  private renew(pair: TlsPair): void {
    this.options.apply(pair);
    this.current = pair;
    this.problem = undefined;
    this.options.log.info({ valid_to: iso(certificateEnd(pair)) }, 'tls_certificate_renewed');
  }

  private fault(problem: string): void {
    if (problem === this.problem) return;
    this.problem = problem;
    this.options.log.warn({ problem }, 'tls_certificate_not_renewed');
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/**
 * Watches the certificate of a running server.
 * @param inUse is called with the expiry time of the certificate in use, seconds since the epoch:
 * immediately, and after each renewal
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
