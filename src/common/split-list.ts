/** The items of a list in a setting's text, without blanks around them and without empty ones. */
export function splitList(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((item) => item.trim())
    .filter(Boolean);
}
