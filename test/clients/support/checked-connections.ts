import { FakeConnection } from '../../../clients/typescript/src/testing/fake-connection.js';
import { ContractCheck } from '../../support/contract-check.js';

/**
 * Checks everything that connections of the package's FakeGateway carry against the AsyncAPI
 * document. Returns the names of the events that they carry from now on.
 */
export function checkConnections(contract = new ContractCheck()): ReadonlySet<string> {
  const seen = new Set<string>();
  const { send, refuse, emit } = FakeConnection.prototype;
  jest.spyOn(FakeConnection.prototype, 'send').mockImplementation(function (
    this: FakeConnection,
    event,
    payload,
  ) {
    seen.add(event);
    contract.received(event, payload);
    send.call(this, event, payload);
  });
  jest.spyOn(FakeConnection.prototype, 'refuse').mockImplementation(function (
    this: FakeConnection,
    message,
    data,
  ) {
    if (data) contract.received('connect_error', { message, data });
    refuse.call(this, message, data);
  });
  jest.spyOn(FakeConnection.prototype, 'emit').mockImplementation(function (
    this: FakeConnection,
    event,
    ...args
  ) {
    seen.add(event);
    const ack = args.pop() as (answer: unknown) => void;
    const check = contract.sent(event, args);
    emit.call(this, event, ...args, (answer: unknown) => {
      check(answer);
      ack(answer);
    });
  });
  return seen;
}
