import type { MessageBody } from '../../replicas/replica-message.js';

/** Whom an action is for. */
export type ClientTarget =
  | { readonly client_id: string }
  | { readonly user: string }
  | { readonly room: string }
  | { readonly everyone: true };

/**
 * Reads whom an action is for, from the API or from another replica.
 * @returns `undefined` unless it names exactly one of the four
 */
export function readTarget(value: MessageBody): ClientTarget | undefined {
  const { client_id, user, room, everyone } = value;
  const given = [client_id, user, room, everyone].filter((field) => field !== undefined);
  if (given.length !== 1) return undefined;
  if (isName(client_id)) return { client_id };
  if (isName(user)) return { user };
  if (isName(room)) return { room };
  return everyone === true ? { everyone } : undefined;
}

/** Ids of users and clients and names of rooms are short. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 256;
}
