import { ClientStream, type ClientProfile, PayloadCollector, type Wire } from './client-stream.js';
import { Opcode } from './frame-walker.js';
import type { MessageObserver } from './sample.js';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const CLOSING_BRACE = 0x7d;
const P = 'p'.charCodeAt(0);

/** `{}` */
const PING_BYTES = 2;
/** The first letter of a reply's first field: `push` or the `id` of a command. */
const FIELD_AT = 2;
/** Where the name of the channel begins in `{"push":{"channel":"general","pub":{`. */
const CHANNEL_AT = '{"push":{"channel":"'.length;
/** From the end of the channel's name to the first letter of the next field, such as `pub`. */
const NEXT_FIELD = '","'.length;

interface Reply {
  readonly subscribe?: object;
  readonly error?: object;
}

/**
 * Centrifugo's bidirectional protocol in JSON. A frame has one reply or several, which are separated
 * by newlines. A reply is an answer to a command, a publication, or `{}`, which is a ping.
 */
export class CentrifugoStream extends ClientStream {
  private readonly line = new PayloadCollector();
  private isText = false;

  constructor(wire: Wire, profile: ClientProfile, observer: MessageObserver | undefined) {
    super(wire, profile, observer);
    this.wantsPayload = true;
  }

  override open(): void {
    this.greet();
  }

  protected override frame(first: number): void {
    const opcode = first & 15;
    this.isText = opcode === Opcode.text;
    if (opcode === Opcode.ping) this.wire.send('', Opcode.pong);
  }

  protected override payload(buffer: Buffer, from: number, end: number, rest: number): void {
    if (!this.isText) return;
    const part = buffer.subarray(from, end);
    let start = 0;
    for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, start)) {
      this.take(part, start, at, 0);
      start = at + 1;
    }
    this.take(part, start, part.length, rest);
  }

  /** A part of a line, which continues after it unless `rest` is 0. */
  private take(part: Buffer, from: number, end: number, rest: number): void {
    const reply = this.line.add(part, from, end, rest);
    if (reply && reply.length > 0) this.reply(reply);
  }

  private reply(reply: Buffer): void {
    if (reply.length === PING_BYTES && reply[1] === CLOSING_BRACE) this.wire.send('{}');
    else if (reply[FIELD_AT] !== P) this.answer(JSON.parse(reply.toString()) as Reply);
    else if (reply[reply.indexOf(QUOTE, CHANNEL_AT) + NEXT_FIELD] === P) {
      this.countMarket();
      this.observer?.take(reply);
    }
  }

  private answer({ subscribe, error }: Reply): void {
    if (error) this.errors++;
    else if (subscribe) this.confirm();
  }
}
