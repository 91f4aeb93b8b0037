import { createHash } from 'node:crypto';
import { cursorOfAnotherRequest } from './history-error.js';
import { isCursor } from './page.js';

/** The characters of a tag: 32 bits of a hash. It guards against mistakes, not against forgery. */
const TAG_LENGTH = 8;
const BOUND = /^(.+)-([0-9a-f]{8})$/;

/**
 * Returns the tag of the requests that a cursor may be used with. It is the same on every replica.
 * @param fields what distinguishes these requests from others, as JSON
 */
export function cursorTag(fields: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, TAG_LENGTH);
}

/** Adds the tag of its request to a cursor. With another request, it would lead to wrong pages. */
export function boundCursor(cursor: string, tag: string): string {
  return `${cursor}-${tag}`;
}

/** Returns undefined if the cursor belongs to requests with another tag. */
export function cursorBoundTo(tag: string, bound: string): string | undefined {
  const [, cursor, found] = BOUND.exec(bound) ?? [];
  return found === tag ? cursor : undefined;
}

/**
 * The cursor of a request without its tag; undefined if the request has none.
 * @throws HistoryError if the cursor belongs to requests with another tag
 */
export function cursorOfRequest(tag: string, bound: string | null | undefined): string | undefined {
  if (bound == null) return undefined;
  const cursor = cursorBoundTo(tag, bound);
  if (cursor === undefined) throw cursorOfAnotherRequest();
  return cursor;
}

/** Whether a text has the form of a cursor with its tag. */
export function isBoundCursor(text: string): boolean {
  const [, cursor] = BOUND.exec(text) ?? [];
  return cursor !== undefined && isCursor(cursor);
}
