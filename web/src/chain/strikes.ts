/** How many strikes on each side of the money the reader may ask for. */
export const STRIKE_CHOICES = [5, 10, 20, 'all'] as const;
export type StrikeChoice = (typeof STRIKE_CHOICES)[number];

/** The part of a view that asks for so many strikes. */
export function strikesOf(choice: StrikeChoice): { readonly strikes?: number } {
  return choice === 'all' ? {} : { strikes: choice };
}
