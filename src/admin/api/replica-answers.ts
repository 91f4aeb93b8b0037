import type { Answers } from '../../replicas/replica-calls.js';
import type { ClientsReached } from './admin-answers.js';
import { AdminError } from './admin-error.js';

export function clientsReached({
  answers,
  missing,
  failed,
}: Answers<{ readonly clients: number }>): ClientsReached {
  return { clients: answers.reduce((sum, { answer }) => sum + answer.clients, 0), missing, failed };
}

/**
 * The answer of the one replica that was called.
 * @throws AdminError if it did not answer, or could not do it
 */
export function onlyAnswer<T>(replica: string, { answers, missing, failed }: Answers<T>): T {
  const [first] = answers;
  if (first) return first.answer;
  if (missing.length > 0) throw new AdminError(504, `The replica ${replica} did not answer in time.`);
  throw new AdminError(409, failed[0]?.problem ?? `The replica ${replica} could not do it.`);
}
