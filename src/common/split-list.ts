/** Splits the text of a setting into its items. Blanks around items and empty items are dropped. */
export function splitList(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((item) => item.trim())
    .filter(Boolean);
}
