const SCHEME = '[a-z][a-z0-9+.-]*://';
/**
 * Matches from the `://` of a URL to the last `@` before the next URL: a password may contain an
 * unescaped @, / or ", or even a blank.
 */
const USER_INFO = new RegExp(`(${SCHEME})((?:(?!\\s${SCHEME})[^])*)@`, 'gi');
/**
 * Matches a URL without user info that is followed by more words. If it is part of a sentence, an
 * `@` in those words does not belong to the URL.
 */
const HOSTS = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?:[,/]\S*)?\s+\S+\s/i;

/**
 * Masks everything that may be a credential in `text`, so that a connection string can be logged:
 * all text before an `@` of a URL or word, and query parameters that are named like secrets. In
 * doubt it masks too much.
 */
export function maskSecrets(text: string): string {
  return text
    .replace(USER_INFO, (found, scheme: string, userInfo: string, offset: number) => {
      const inSentence = /\w/.test(text.slice(0, offset));
      return inSentence && HOSTS.test(userInfo) ? found : `${scheme}***@`;
    })
    .replace(new RegExp(`(${SCHEME})?[^\\s"']*@`, 'gi'), '$1***@')
    .replace(/((?:password|secret|token)=)[^&\s"']+/gi, '$1***');
}

/**
 * Masks a text that should be a single URL but may be malformed: everything before its last `@`,
 * and the values of its query.
 */
export function maskUrl(text: string): string {
  return text.replace(new RegExp(`^(\\s*${SCHEME})?[^]*@`, 'i'), '$1***@').replace(/(\?[^=]*=)[^]*/, '$1***');
}
