/** The line end of RFC 4180. */
const LINE_END = '\r\n';

/** The characters because of which a field must be quoted. */
const NEEDS_QUOTES = /[",\r\n]/;

/**
 * The first characters of a text that a spreadsheet would run as a formula. They may follow blanks,
 * which some spreadsheets drop.
 */
const FORMULA = /^\s*[=+\-@\t\r\n]|^\s*[＝＋－＠]/;

/**
 * Returns the field of a text. A text that a spreadsheet would run as a formula gets an apostrophe
 * in front, which makes it a text again. Numbers never pass through here, so `-0.25` stays one.
 */
export function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Returns the field of a JSON value. Numbers are kept to the letter; null, and a value that is
 * missing, is an empty field. An object or array is its JSON.
 * @param raw valid JSON; undefined if there is no such value
 */
export function csvValue(raw: string | undefined): string {
  if (raw === undefined || raw === 'null') return '';
  const first = raw[0]!;
  if (first === '"') return csvText(JSON.parse(raw) as string);
  return first === '{' || first === '[' ? csvText(raw) : raw;
}

/**
 * Returns a table in the form of RFC 4180: with a header, and a line end after each row.
 * @param rows rows of fields as the functions above return them
 */
export function csvTable(header: readonly string[], rows: Iterable<readonly string[]>): string {
  const lines = [header.join(',')];
  for (const row of rows) lines.push(row.join(','));
  return lines.join(LINE_END) + LINE_END;
}
