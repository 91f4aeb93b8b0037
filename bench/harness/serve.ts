import type { Answer, Call, Methods } from './methods.js';

type Handlers<M extends Methods<M>> = {
  readonly [K in keyof M]: (input: M[K]['input']) => M[K]['output'] | Promise<M[K]['output']>;
};

/**
 * The worker's side of a {@link Worker}. Executes calls, and ends with the process that started it.
 */
export function serve<M extends Methods<M>>(handlers: Handlers<M>): void {
  const table = new Map<string, (input: never) => unknown>(Object.entries(handlers));
  process.on('message', (call: Call) => void carryOut(table, call));
  process.on('disconnect', () => process.exit(0));
}

async function carryOut(table: ReadonlyMap<string, (input: never) => unknown>, call: Call): Promise<void> {
  let answer: Answer;
  try {
    const handler = table.get(call.method);
    if (!handler) throw new Error(`no such method: ${call.method}`);
    // Both ends of the channel are compiled with the same table of methods.
    answer = { id: call.id, output: await handler(call.input as never) };
  } catch (error) {
    answer = { id: call.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(answer);
}
