import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

/** The body of a response in each form in which it was asked for. */
export interface PreparedBody {
  readonly etag: string;
  readonly plain: Buffer;
  /** Undefined until a client asks for it. */
  zipped?: Promise<Buffer>;
}

/**
 * Keeps the newest body of each resource and format, so that it is made and compressed once for
 * each update, and not for each request. All responses share its bytes.
 */
export class PreparedBodies {
  /** By resource and format, in the order of their last use. */
  private readonly bodies = new Map<string, PreparedBody>();
  private held = 0;

  /**
   * @param maxBytes the most bytes that are kept. Beyond it the one that was used first is dropped;
   * a compressed body counts as a part of its plain one
   */
  constructor(private readonly maxBytes: number) {}

  get bytes(): number {
    return this.held;
  }

  /**
   * Returns the body of a resource. It makes a new one only if the tag has changed.
   * @param name of the resource and the format
   */
  get(name: string, etag: string, make: () => string): PreparedBody {
    let body = this.bodies.get(name);
    if (body) this.remove(name, body);
    if (body?.etag !== etag) body = { etag, plain: Buffer.from(make()) };
    this.bodies.set(name, body);
    this.held += body.plain.length;
    for (const [oldest, { plain }] of this.bodies) {
      if (this.held <= this.maxBytes) break;
      this.bodies.delete(oldest);
      this.held -= plain.length;
    }
    return body;
  }

  private remove(name: string, { plain }: PreparedBody): void {
    this.bodies.delete(name);
    this.held -= plain.length;
  }
}

/** Compresses a body with gzip, once for all who ask for it. */
export function zippedBody(body: PreparedBody): Promise<Buffer> {
  return (body.zipped ??= compress(body.plain));
}
