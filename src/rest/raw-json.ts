/**
 * Reads parts of a JSON text to the letter. `JSON.parse` would lose digits of numbers that a double
 * cannot hold, and the way they were written. Every text that is read here has been validated by
 * the feed, so there is no handling of invalid JSON.
 */

const OPENING = '{[';
const CLOSING = '}]';
const BLANKS = ' \t\n\r';
const AFTER_NUMBER = `,}]${BLANKS}`;

/**
 * The members of a JSON object: the text of each value, by the name of its member. Of two members
 * with the same name, the last one counts, as for every parser.
 * @param text a JSON object
 */
export function rawMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = nextToken(text, nextToken(text, 0) + 1);
  while (text[at] === '"') {
    const endOfName = endOfValue(text, at);
    const name = JSON.parse(text.slice(at, endOfName)) as string;
    const start = nextToken(text, nextToken(text, endOfName) + 1);
    const end = endOfValue(text, start);
    members.set(name, text.slice(start, end));
    at = afterComma(text, end);
  }
  return members;
}

/**
 * The texts of the items of a JSON array.
 * @param text a JSON array
 */
export function rawItems(text: string): string[] {
  const items: string[] = [];
  let at = nextToken(text, nextToken(text, 0) + 1);
  while (text[at] !== ']') {
    const end = endOfValue(text, at);
    items.push(text.slice(at, end));
    at = afterComma(text, end);
  }
  return items;
}

function nextToken(text: string, from: number): number {
  let at = from;
  while (at < text.length && BLANKS.includes(text[at]!)) at++;
  return at;
}

function afterComma(text: string, from: number): number {
  const at = nextToken(text, from);
  return text[at] === ',' ? nextToken(text, at + 1) : at;
}

/** The position behind the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  const first = text[start]!;
  if (first === '"') return endOfString(text, start);
  let at = start;
  if (!OPENING.includes(first)) {
    while (at < text.length && !AFTER_NUMBER.includes(text[at]!)) at++;
    return at;
  }
  let depth = 0;
  do {
    const sign = text[at]!;
    if (sign === '"') {
      at = endOfString(text, at);
      continue;
    }
    if (OPENING.includes(sign)) depth++;
    else if (CLOSING.includes(sign)) depth--;
    at++;
  } while (depth > 0);
  return at;
}

/** The position behind the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
