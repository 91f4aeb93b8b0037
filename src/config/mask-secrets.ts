const SCHEME = '[a-z][a-z0-9+.-]*://';
/** From the `://` of a URL to the last `@` before the next one: a password may hold an unescaped @, / or ", even a blank. */
const USER_INFO = new RegExp(`(${SCHEME})((?:(?!\\s${SCHEME})[^])*)@`, 'gi');
/** A URL without a user, and more words. An `@` behind them is not its own, if it is part of a sentence. */
const HOSTS = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?:[,/]\S*)?\s+\S+\s/i;

/**
 * Hides whatever may be a credential in `text`, so that a connection string can be shown in a log or an error: all that
 * stands before an `@`, and query parameters named for a password. In doubt it hides too much.
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

/** The same for a text that should be one URL and may be none: all before its last `@`, and what its query says. */
export function maskUrl(text: string): string {
  return text.replace(new RegExp(`^(\\s*${SCHEME})?[^]*@`, 'i'), '$1***@').replace(/(\?[^=]*=)[^]*/, '$1***');
}
