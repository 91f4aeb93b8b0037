/**
 * Hides whatever may be a credential in `text`, so that a connection string can be shown in a log or an error: all that
 * stands before an `@`, and query parameters named for a password.
 */
export function maskSecrets(text: string): string {
  // Greedy up to the last @: an unescaped @ or / in a password must not leave its tail readable.
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)?[^\s"']*@/gi, '$1***@')
    .replace(/((?:password|secret|token)=)[^&\s"']+/gi, '$1***');
}
