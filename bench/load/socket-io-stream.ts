import type { ClientProfile, Wire } from './client-stream.js';
import { monotonicUs } from '../harness/monotonic.js';
import { EventFrames, NO_EVENT } from './event-frames.js';
import type { EventKind } from './event-kind.js';
import { Opcode } from './frame-walker.js';
import type { Resumption } from './resumption.js';
import type { Inflater, MessageObserver } from './sample.js';

const OPEN = code('0');
const PING = code('2');
const MESSAGE = code('4');
const CONNECT = code('0');
const EVENT = code('2');

/** The position of an event's name in `42["name"`. */
const NAME_AT = 4;

/** Socket.IO 4 over Engine.IO 4. */
export class SocketIoStream extends EventFrames {
  constructor(
    wire: Wire,
    profile: ClientProfile,
    observer: MessageObserver | undefined,
    inflater: Inflater | undefined,
    private readonly resumption: Resumption | undefined,
  ) {
    super(wire, profile, observer, inflater);
    if (resumption) this.wantsPayload = true;
  }

  protected override nameAt(first: number, buffer: Buffer, at: number): number {
    if ((first & 15) !== Opcode.text) return NO_EVENT;
    if (buffer[at] !== MESSAGE) {
      if (buffer[at] === PING) this.wire.send('3');
      else if (buffer[at] === OPEN) this.wire.send(this.resumption ? '40{"general":"off"}' : '40');
    } else if (buffer[at + 1] === EVENT) return at + NAME_AT;
    else if (buffer[at + 1] === CONNECT) this.greet();
    return NO_EVENT;
  }

  protected override isTaken(kind: EventKind): boolean {
    return super.isTaken(kind) || (kind === 'subscribed' && this.resumption !== undefined);
  }

  protected override took(kind: EventKind, message: Buffer): void {
    if (kind === 'subscribed') {
      this.resumption?.confirmed(message.toString('latin1'), monotonicUs());
      return;
    }
    super.took(kind, message);
    this.resumption?.took(message, monotonicUs());
  }

  protected override greeting(): readonly string[] {
    return this.resumption ? [this.resumption.request()] : super.greeting();
  }
}

function code(character: string): number {
  return character.charCodeAt(0);
}
