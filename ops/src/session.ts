import type { Credentials } from './api/admin-api.js';

const TOKEN = 'gateway-admin-token';
const OPERATOR = 'gateway-operator';
/** Why the session has ended, until the page has been loaded again. */
const PROBLEM = 'gateway-admin-problem';

/**
 * What the page remembers: the token for this tab, and the operator's name for this browser. A
 * browser that forbids storage only forgets them when the page is loaded again.
 */
export const session = {
  read(): Credentials | undefined {
    const token = read(() => sessionStorage.getItem(TOKEN));
    const { operator } = this;
    return token && operator ? { token, operator } : undefined;
  },

  get operator(): string {
    return read(() => localStorage.getItem(OPERATOR)) ?? '';
  },

  keep({ token, operator }: Credentials): void {
    read(() => sessionStorage.setItem(TOKEN, token));
    read(() => localStorage.setItem(OPERATOR, operator));
  },

  /** @param problem what {@link takeProblem} returns once, after the page was loaded again */
  forgetToken(problem: string): void {
    read(() => sessionStorage.removeItem(TOKEN));
    read(() => sessionStorage.setItem(PROBLEM, problem));
  },

  takeProblem(): string {
    const problem = read(() => sessionStorage.getItem(PROBLEM)) ?? '';
    read(() => sessionStorage.removeItem(PROBLEM));
    return problem;
  },
};

function read<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
