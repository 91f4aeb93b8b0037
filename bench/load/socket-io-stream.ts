import { type ClientProfile, ClientStream, PayloadCollector, type Wire } from './client-stream.js';
import { monotonicUs } from '../harness/monotonic.js';
import { Opcode, RSV1_BIT } from './frame-walker.js';
import type { Resumption } from './resumption.js';
import type { Inflater, MessageObserver } from './sample.js';

const OPEN = code('0');
const PING = code('2');
const MESSAGE = code('4');
const CONNECT = code('0');
const EVENT = code('2');

/** The position of an event's name in `42["name"`. */
const NAME_AT = 4;
const UNDERLYING = threeBytes('underlying_update');
const CHAIN = threeBytes('chain_update');
const SUBSCRIBED = threeBytes('subscribed');
const UNSUBSCRIBED = threeBytes('unsubscribed');
const ERROR = threeBytes('error');

/**
 * Socket.IO 4 over Engine.IO 4. Three letters of an event's name are enough to distinguish the
 * gateway's events.
 */
export class SocketIoStream extends ClientStream {
  private readonly collector = new PayloadCollector();
  private isMarket = false;
  private isCompressed = false;
  private isSubscribed = false;

  constructor(
    wire: Wire,
    profile: ClientProfile,
    observer: MessageObserver | undefined,
    private readonly inflater: Inflater | undefined,
    private readonly resumption: Resumption | undefined,
  ) {
    super(wire, profile, observer);
    this.wantsPayload = observer !== undefined || resumption !== undefined;
  }

  protected override frame(first: number, _length: number, buffer: Buffer, at: number): void {
    this.isMarket = this.isSubscribed = false;
    this.isCompressed = (first & RSV1_BIT) !== 0;
    if ((first & 15) !== Opcode.text) return;
    if (this.isCompressed) {
      // Only market messages are long enough to be compressed. No server of the benchmark
      // compresses others.
      this.isMarket = true;
      this.countMarket();
      return;
    }
    if (buffer[at] !== MESSAGE) {
      if (buffer[at] === PING) this.wire.send('3');
      else if (buffer[at] === OPEN) this.wire.send(this.resumption ? '40{"general":"off"}' : '40');
    } else if (buffer[at + 1] === EVENT) this.event(buffer, at + NAME_AT);
    else if (buffer[at + 1] === CONNECT) this.greet();
  }

  protected override payload(buffer: Buffer, from: number, end: number, rest: number): void {
    if (!this.isMarket && !this.isSubscribed) return;
    const whole = this.collector.add(buffer, from, end, rest);
    if (!whole) return;
    if (this.isSubscribed) {
      this.resumption?.confirmed(whole.toString('latin1'), monotonicUs());
      return;
    }
    const text = this.isCompressed && this.inflater ? this.inflater.inflate(whole) : whole;
    this.observer?.take(text);
    this.resumption?.took(text, monotonicUs());
  }

  protected override greeting(): readonly string[] {
    return this.resumption ? [this.resumption.request()] : super.greeting();
  }

  private event(buffer: Buffer, name: number): void {
    switch ((buffer[name]! << 16) | (buffer[name + 1]! << 8) | buffer[name + 2]!) {
      case UNDERLYING:
      case CHAIN:
        this.isMarket = true;
        this.countMarket();
        break;
      case SUBSCRIBED:
        this.isSubscribed = this.resumption !== undefined;
        this.confirm();
        break;
      case UNSUBSCRIBED:
        this.confirm();
        break;
      case ERROR:
        this.errors++;
        break;
    }
  }
}

function code(character: string): number {
  return character.charCodeAt(0);
}

function threeBytes(name: string): number {
  return (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
}
