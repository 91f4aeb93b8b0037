/** A number that is valid JSON, but parses to Infinity. */
export const BEYOND_DOUBLE = '1e999';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const TOKENS = ['NaN', 'Infinity', '-Infinity', '-NaN'];
/** Characters that may precede a JSON value; so may the start of the text. */
const BEFORE_VALUE = ':,[ \t\n\r';
/** Characters that may follow a JSON value; so may the end of the text. */
const AFTER_VALUE = ',]} \t\n\r';

/**
 * Replaces the tokens NaN and Infinity outside of strings. Python's `json.dumps` writes them, but
 * they are not valid JSON. Makes one pass over the text and changes nothing else. A token that is
 * part of something else, such as `1NaN`, is not replaced: a number in its place would merge with
 * its neighbours, and null would be invalid JSON.
 * @param by the replacement
 * @returns the new text, and how many tokens were replaced
 */
export function replaceBareTokens(text: string, by: string): { replaced: string; count: number } {
  if (!text.includes('NaN') && !text.includes('Infinity')) return { replaced: text, count: 0 };
  const parts: string[] = [];
  let count = 0;
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || code === 0x4e || code === 0x49) {
      const token = TOKENS.find((one) => text.startsWith(one, at));
      if (token === undefined || !standsAlone(text, at, at + token.length)) continue;
      parts.push(text.slice(copied, at), by);
      count++;
      at += token.length - 1;
      copied = at + 1;
    }
  }
  parts.push(text.slice(copied));
  return { replaced: parts.join(''), count };
}

function standsAlone(text: string, start: number, end: number): boolean {
  return (
    (start === 0 || BEFORE_VALUE.includes(text[start - 1]!)) &&
    (end === text.length || AFTER_VALUE.includes(text[end]!))
  );
}

/**
 * The position of the quote that ends the string beginning at `start`, or the end of the text if
 * there is none.
 */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}
