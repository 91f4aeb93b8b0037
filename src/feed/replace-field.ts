const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = '{[';
const CLOSING = '}]';

/**
 * The text of a JSON object with another value for one of its own fields; everything else stays as
 * it is to the letter, numbers that a double cannot hold among it. Of two fields of the same name
 * it replaces the last, which is the one that parsers read.
 * @param text valid JSON: an object that has the field
 * @param value JSON text
 */
export function replaceField(text: string, field: string, value: string): string {
  let depth = 0;
  let name: string | undefined;
  let nameIsNext = false;
  let found: { readonly start: number; readonly end: number } | undefined;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const sign = text[at]!;
    if (code === QUOTE) {
      const start = at;
      at = endOfString(text, at);
      if (depth === 1 && nameIsNext) name = JSON.parse(text.slice(start, at + 1)) as string;
      nameIsNext = false;
    } else if (OPENING.includes(sign)) {
      nameIsNext = ++depth === 1;
    } else if (CLOSING.includes(sign)) {
      depth--;
    } else if (depth === 1 && sign === ',') {
      nameIsNext = true;
    } else if (depth === 1 && sign === ':' && name === field) {
      const start = firstOfValue(text, at + 1);
      found = { start, end: endOfValue(text, start) };
      at = found.end - 1;
    }
  }
  return found ? text.slice(0, found.start) + value + text.slice(found.end) : text;
}

function firstOfValue(text: string, from: number): number {
  let at = from;
  while (' \t\n\r'.includes(text[at]!)) at++;
  return at;
}

/** The position behind a value. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === '"') at = endOfString(text, at);
    else if (OPENING.includes(sign)) depth++;
    else if (depth === 0 && ',}] \t\n\r'.includes(sign)) return at;
    else if (CLOSING.includes(sign)) depth--;
    if (depth === 0 && (sign === '"' || CLOSING.includes(sign))) return at + 1;
  }
  return text.length;
}

/** The position of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}
