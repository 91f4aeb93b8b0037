import { setText } from '../dom.js';
import { cleanToken } from './stored-token.js';

export interface TokenFormHandlers {
  /** The reader has entered a token. */
  readonly entered: (token: string) => void;
  /** The reader wants to connect as an anonymous client. */
  readonly withoutToken: () => void;
}

const part = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** The field for a token. It is in `index.html`, hidden until a token is needed or asked for. */
export class TokenForm {
  private readonly form = part<HTMLFormElement>('token-form');
  private readonly field = part<HTMLInputElement>('token');
  private readonly problem = part('token-problem');
  private readonly without = part('without-token');
  private readonly opener = part('sign-in');

  constructor(handlers: TokenFormHandlers) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      const token = cleanToken(this.field.value);
      if (token) handlers.entered(token);
      else this.ask('Enter a token.');
    });
    this.without.addEventListener('click', () => handlers.withoutToken());
    this.opener.addEventListener('click', () => (this.form.hidden ? this.ask('') : this.hide()));
  }

  get isOpen(): boolean {
    return !this.form.hidden;
  }

  /**
   * Shows the field.
   * @param problem what was wrong with the last token, or why one is needed
   * @param mayGoWithout whether the gateway may let the reader in without a token
   */
  ask(problem: string, mayGoWithout = false): void {
    const wasOpen = this.isOpen;
    this.form.hidden = false;
    this.opener.setAttribute('aria-expanded', 'true');
    this.without.hidden = !mayGoWithout;
    setText(this.problem, problem);
    if (!wasOpen) this.field.focus();
  }

  hide(): void {
    this.form.hidden = true;
    this.opener.setAttribute('aria-expanded', 'false');
    this.without.hidden = true;
    setText(this.problem, '');
    this.field.value = '';
  }
}
