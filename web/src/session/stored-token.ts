/** The token's name in `sessionStorage`: a reload keeps it, and another tab does not have it. */
const KEY = 'deltastream-token';

/** Browsers can forbid storage. The token is then only in memory. */
export function storedToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

/** @param token empty to forget it */
export function storeToken(token: string): void {
  try {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  } catch {
    // It is in memory.
  }
}

/** Tokens are often copied together with what is around them. */
export function cleanToken(text: string): string {
  return text.trim().replace(/^Bearer\s+|^["']|["']$/gi, '');
}
