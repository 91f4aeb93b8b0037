import type { WireEncoding } from './encoding.js';
import type { Frame } from './frame.js';

/**
 * Port: one client's connection. {@link SocketIoLink} implements it. The tests have an
 * implementation that stalls, upgrades and drains on command.
 */
export interface Link {
  /**
   * Whether frames may be written directly now. False while the transport's own path still holds
   * data that they would overtake.
   */
  readonly ready: boolean;
  /** How messages are written to this client now: an upgrade of its transport may change it. */
  readonly encoding: WireEncoding;
  /** Bytes that were written to the connection, but not yet taken by the operating system. */
  readonly waiting: number;
  /**
   * Why direct writes to this connection might be sent out of order; undefined if they are safe.
   */
  readonly problem: string | undefined;
  /**
   * The file descriptor that a batch writer may write to; -1 if there is none, because the
   * link is not `ready`, because earlier bytes are waiting, or because the connection encrypts what
   * is written to it.
   */
  readonly descriptor: number;
  /**
   * Writes whole frames directly to the connection. Call it only while `ready`.
   * @param taken how many of their bytes the operating system has taken already
   */
  write(frames: readonly Buffer[], taken?: number): void;
  /** Sends a frame through the transport's own path, after everything that this path holds. */
  send(frame: Frame): void;
  /** Makes the link call the listener's `onDrain` once fewer bytes are waiting than now. */
  watchDrain(): void;
  /** Sends a last frame and closes the connection, in a way that lets the client reconnect. */
  close(frame: Frame): void;
  /** Stops listening to the connection. */
  detach(): void;
}

/** Receives a link's events. */
export interface LinkListener {
  /**
   * The gateway is about to send a message to this client only, through the transport's own path.
   */
  onSend(): void;
  /** The operating system has taken data that was waiting. */
  onDrain(): void;
}
