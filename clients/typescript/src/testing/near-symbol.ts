/**
 * The known product that may have been meant by an unknown symbol: it differs only by case, or by
 * one letter that is not a digit, as at the gateway.
 */
export function nearSymbol(symbol: string, products: readonly string[]): string | undefined {
  if (products.includes(symbol)) return undefined;
  const wanted = symbol.toUpperCase();
  return (
    products.find((product) => product.toUpperCase() === wanted) ??
    products.find((product) => isNear(wanted, product.toUpperCase()))
  );
}

/** Whether two texts differ by one letter, or by two letters that are swapped. */
function isNear(one: string, other: string): boolean {
  if (Math.min(one.length, other.length) < 2 || Math.max(one.length, other.length) < 3) return false;
  let start = 0;
  while (start < one.length && one[start] === other[start]) start++;
  let end = 0;
  const rest = Math.min(one.length, other.length) - start;
  while (end < rest && one.at(-1 - end) === other.at(-1 - end)) end++;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  if (/\d/.test(left + right)) return false;
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}
