import type { Socket } from 'socket.io-client';
import type { ErrorPayload } from '../../src/contract/index.js';
import { answerProblemOf, EVENTS, problemOf, REQUESTS } from './contract-document.js';

/** With these codes the gateway says that a request does not have the shape in the document. */
const SHAPE_CODES: ReadonlySet<string> = new Set([
  'INVALID_PAYLOAD',
  'INVALID_TYPE',
  'INVALID_SYMBOL',
  'INVALID_EXPIRY',
  'INVALID_VIEW',
  'UNKNOWN_EVENT',
]);

const LONGEST_QUOTE = 500;
/**
 * The limit of reported violations, because every message of a stream may be wrong in the same way.
 */
const MOST_VIOLATIONS = 20;

/**
 * So many events of one client's stream are checked, and then one in so many. Checking thousands a
 * second would slow the tests down.
 */
const WHOLE = 100;
const ONE_IN = 20;

const violations: string[] = [];
const sources = new Set<() => void>();

/** Registers `source`, which is asked for violations before they are collected. */
export function alsoAsk(source: () => void): void {
  sources.add(source);
}

/** Returns the violations of the document in what clients sent or received since the last call. */
export function takeViolations(): readonly string[] {
  for (const source of sources) source();
  return violations.splice(0);
}

/** Checks all messages that one client sends and receives against the AsyncAPI document. */
export class ContractCheck {
  /**
   * A test declares invalid requests with this. Only the gateway's response to them is then
   * checked.
   */
  sendsInvalid = false;
  /** The events of which an invalid request was sent. */
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

  /** Returns a function that checks the acknowledgement. */
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

  /**
   * @param certain whether this request is known to be valid, or only that all requests of its kind
   * were
   */
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

/**
 * Builds the payload as the gateway does: several arguments become a list, and no argument becomes
 * `null`.
 */
function onTheWire(args: readonly unknown[]): unknown {
  return args.length > 1 ? args : (args[0] ?? null);
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
}

/** Checks the messages that a stock client sends and receives against the document. */
export function checkMessages(socket: Socket, contract: ContractCheck): void {
  checkRequests(socket, contract);
  socket.onAny((event: string, payload: unknown) => contract.received(event, payload));
}

/** Wraps `emit` and does not use `onAnyOutgoing`, because that does not see acknowledgements. */
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
      // an error means a timeout or a lost connection
      if (!(answer[0] instanceof Error)) check(answer.at(-1));
      return Reflect.apply(ack, undefined, answer);
    };
    // The client marks its own functions that take an error as the first argument.
    return emit(event, ...args.slice(0, -1), Object.assign(checked, ack));
  };
}
