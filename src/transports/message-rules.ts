/** Names that Socket.IO uses itself. Its parser takes an event with one of them for an attack. */
const RESERVED: ReadonlySet<unknown> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
]);

export function isReservedEvent(name: string): boolean {
  return RESERVED.has(name);
}

/** Whether a value can ask for an acknowledgement. */
export function isMessageId(id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) >= 0;
}
