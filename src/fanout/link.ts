import type { Frame } from './frame.js';

/**
 * One client's connection, as the fan-out engine sees it. Implemented by {@link SocketIoLink}; tests have one that stalls,
 * upgrades and drains on command.
 */
export interface Link {
  /** Whether bytes may be written past the transport's own path now, without overtaking what that path still holds. */
  readonly ready: boolean;
  /** Whether the client takes deflated frames. */
  readonly deflates: boolean;
  /** What was handed over and not yet taken by the operating system, bytes. */
  readonly waiting: number;
  /** Why this connection cannot be relied on to keep the order of what is written past it; undefined where it can. */
  readonly problem: string | undefined;
  /** Writes whole frames to the connection. To be called only while `ready`. */
  write(frames: readonly Buffer[]): void;
  /** Sends a frame by the transport's own path, behind all that this path holds. */
  send(frame: Frame): void;
  /** Has the listener's `onDrain` called once less is waiting than now. */
  watchDrain(): void;
  /** Closes the connection in a way that lets the client come back; `frame` is the last it is sent. */
  close(frame: Frame): void;
  /** Stops listening to the connection. */
  detach(): void;
}

/** What a link tells of its connection. */
export interface LinkListener {
  /** The gateway is about to send something to this client alone, by the transport's own path. */
  onSend(): void;
  /** What waited has been handed on. */
  onDrain(): void;
}
