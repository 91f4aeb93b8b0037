import type { Socket } from 'socket.io-client';
import type { ErrorPayload } from '../../src/contract/index.js';
import { answerProblemOf, EVENTS, problemOf, REQUESTS } from './contract-document.js';

/** The gateway says with these that a request is not of the shape that the document describes. */
const SHAPE_CODES: ReadonlySet<string> = new Set([
  'INVALID_PAYLOAD',
  'INVALID_TYPE',
  'INVALID_SYMBOL',
  'INVALID_EXPIRY',
  'UNKNOWN_EVENT',
]);

const LONGEST_QUOTE = 500;
/** Of a stream each message may be wrong in the same way. */
const MOST_VIOLATIONS = 20;

/** Of a client's stream of one event so many are checked, then one in so many: thousands a second would cost the test its time. */
const WHOLE = 100;
const ONE_IN = 20;

const violations: string[] = [];
const sources = new Set<() => void>();

/** Has `source` look for violations before they are taken. */
export function alsoAsk(source: () => void): void {
  sources.add(source);
}

/** What clients sent, or were sent, against the document since it was last asked. */
export function takeViolations(): readonly string[] {
  for (const source of sources) source();
  return violations.splice(0);
}

/** Holds all that one client sends and receives against the AsyncAPI document. */
export class ContractCheck {
  /** What a test sends wrongly on purpose it declares so; then nothing but the gateway's answer to it is checked. */
  sendsInvalid = false;
  /** Events of which something was sent that the document does not allow. */
  private readonly invalid = new Set<string>();
  private readonly counts = new Map<string, number>();

  received(event: string, payload: unknown): void {
    const count = (this.counts.get(event) ?? 0) + 1;
    this.counts.set(event, count);
    if (count > WHOLE && count % ONE_IN !== 0) return;
    const problem = EVENTS.has(event) ? problemOf(event, payload) : 'the document has no such event';
    if (problem !== undefined) this.report(`received ${event}`, problem, payload);
    if (event === 'error') this.refused(payload as ErrorPayload, false);
  }

  /** Answers a check of its acknowledgement. */
  sent(event: string, args: readonly unknown[]): (answer: unknown) => void {
    const payload = onTheWire(args);
    const problem = REQUESTS.has(event) ? problemOf(event, payload) : 'the document has no such event';
    if (problem !== undefined) {
      this.invalid.add(event);
      if (!this.sendsInvalid) this.report(`sent ${event}, and did not declare it invalid`, problem, payload);
    }
    return (answer) => {
      const wrong = REQUESTS.has(event) ? answerProblemOf(event, answer) : problemOf('refused', answer);
      if (wrong !== undefined) this.report(`received the acknowledgement of ${event}`, wrong, answer);
      const { error } = (answer ?? {}) as { readonly error?: ErrorPayload };
      if (error && problem === undefined) this.refused(error, true);
    };
  }

  /** @param certain whether what was refused is known to be valid by the document, or only when all of its kind was */
  private refused({ code, event, details }: ErrorPayload, certain: boolean): void {
    if (!SHAPE_CODES.has(code)) return;
    const anyInvalid = code === 'UNKNOWN_EVENT' ? this.invalid.size > 0 : this.invalid.has(event);
    if (certain || !anyInvalid) {
      this.report(`sent ${event}`, `the gateway refuses as ${code} what the document allows`, details);
    }
  }

  private report(what: string, problem: string, payload: unknown): void {
    if (violations.length >= MOST_VIOLATIONS) return;
    violations.push(`${what}: ${problem}\n  ${quote(payload)}`);
  }
}

/** As the gateway takes it: several arguments are a list, and none is `null`. */
function onTheWire(args: readonly unknown[]): unknown {
  return args.length > 1 ? args : (args[0] ?? null);
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
}

/** Holds what a stock client sends and receives against the document. */
export function checkMessages(socket: Socket, contract: ContractCheck): void {
  checkRequests(socket, contract);
  socket.onAny((event: string, payload: unknown) => contract.received(event, payload));
}

/** At `emit`, and not `onAnyOutgoing`, which knows nothing of acknowledgements. */
function checkRequests(socket: Socket, contract: ContractCheck): void {
  const emit = socket.emit.bind(socket);
  socket.emit = (event: string, ...args: unknown[]): Socket => {
    const ack = args.at(-1);
    if (typeof ack !== 'function') {
      contract.sent(event, args);
      return emit(event, ...args);
    }
    const check = contract.sent(event, args.slice(0, -1));
    const checked = (...answer: unknown[]): unknown => {
      if (!(answer[0] instanceof Error)) check(answer.at(-1)); // it timed out, or the connection is gone
      return Reflect.apply(ack, undefined, answer);
    };
    // The client marks its own functions with whether they take an error first.
    return emit(event, ...args.slice(0, -1), Object.assign(checked, ack));
  };
}
