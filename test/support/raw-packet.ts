import type { TestClient } from './test-client.js';
import { waitFor } from './wait.js';

let lastAckId = 1_000_000; // far above the ids that the stock client uses

/** Writes text to the wire as a Socket.IO packet, even if it is not a valid one. */
export function sendRaw(client: TestClient, packet: string): void {
  client.socket.io.engine.write(packet);
}

/**
 * Sends an event with a payload that the stock client cannot or will not encode, and returns its
 * acknowledgement.
 * @param json the packet's JSON array: the event's name and the arguments
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export async function askRaw(client: TestClient, json: string): Promise<any> {
  const id = ++lastAckId;
  const { acks } = client.socket as unknown as { acks: Record<number, (answer: unknown) => void> };
  const answers: unknown[] = [];
  const [event, ...args] = JSON.parse(json) as unknown[];
  const check = client.contract.sent(String(event), args);
  acks[id] = (answer) => {
    check(answer);
    answers.push(answer);
  };
  sendRaw(client, `2${id}${json}`);
  await waitFor(() => answers.length > 0, 'no acknowledgement came');
  return answers[0];
}
