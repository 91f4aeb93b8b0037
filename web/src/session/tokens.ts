import { ConnectionRefused, type SocketClient, type TokenCallback } from '@deltastream/socket-client';
import { storedToken, storeToken } from './stored-token.js';
import { TokenForm } from './token-form.js';

/** The refusals after which only another token helps. */
export const TOKEN_CODES: ReadonlySet<string> = new Set([
  'AUTH_REQUIRED',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
]);
/** After as many refusals, the client does not offer another token on the same connection. */
const MAX_REFUSED = 2;

export interface TokenHandlers {
  /** Another client is needed, because the last one is closed or belongs to another user. */
  readonly restart: () => void;
}

/**
 * The reader's token: where it comes from, when another one is needed, and what the gateway says
 * about it.
 */
export class Tokens {
  private token = storedToken();
  private readonly form: TokenForm;
  /** Resolves the callbacks of the client that wait for another token. */
  private waiting: ((token: string) => void)[] = [];
  private refusals = 0;
  /** An entered token that the client has not asked for yet. */
  private offered: string | undefined;
  /** The one that the client has taken, until the gateway accepts or refuses it. */
  private given: string | undefined;
  /** Whether the client is about to ask for another token, or waits for one. */
  private isRenewing = false;

  constructor(private readonly handlers: TokenHandlers) {
    this.form = new TokenForm({
      entered: (token) => this.entered(token),
      withoutToken: () => this.forget(),
    });
  }

  /** The option `token` for a client. `undefined`: it connects as an anonymous client. */
  get option(): TokenCallback | undefined {
    if (!this.token) return undefined;
    return ({ reason }) => {
      if (reason === 'connect') return this.token;
      this.isRenewing = true;
      const { offered } = this;
      this.offered = undefined;
      if (offered !== undefined) return (this.given = offered);
      if (reason === 'expired') {
        storeToken('');
        this.form.ask('Your token has expired. Enter a new one. (TOKEN_EXPIRED)', true);
      }
      return new Promise((resolve) => this.waiting.push(resolve));
    };
  }

  /** Follows a client. Returns functions that stop it. */
  follow(client: SocketClient): (() => void)[] {
    this.refusals = 0;
    return [
      client.on('connected', ({ user }) => {
        if (this.token && !user) {
          this.set('');
          this.form.ask('This gateway checks no tokens (AUTH_MODE=off), so it has ignored yours.');
        } else if (user) this.accepted();
        else this.form.hide();
      }),
      client.on('token_expiring', ({ expires_in_ms }) => {
        const minutes = Math.max(1, Math.round(expires_in_ms / 60_000));
        this.form.ask(`Your token expires in ${minutes} min. Enter a new one to stay connected.`);
      }),
      client.on('token_refreshed', () => this.accepted()),
      client.on('error', ({ event, message, code }) => {
        if (event !== 'refresh_token') return;
        this.offered = this.given = undefined;
        this.refusals += 1;
        this.form.ask(`${message} (${code})`);
      }),
      client.on('state', ({ state, reason }) => {
        if (state === 'closed' && reason instanceof ConnectionRefused) this.refused(reason);
      }),
    ];
  }

  /** Connects as an anonymous client. A gateway that requires a token asks for one again. */
  forget(): void {
    this.set('');
    this.form.hide();
    this.handlers.restart();
  }

  private refused({ code, message }: ConnectionRefused): void {
    if (!TOKEN_CODES.has(code)) return;
    // The gateway's text for AUTH_REQUIRED is for programmers.
    const isRequired = code === 'AUTH_REQUIRED';
    this.set('');
    this.form.ask(
      isRequired ? 'This gateway requires a token. Enter yours.' : `${message} (${code})`,
      !isRequired,
    );
  }

  private accepted(): void {
    if (this.given !== undefined) this.set(this.given);
    this.isRenewing = false;
    this.refusals = 0;
    this.form.hide();
  }

  private entered(token: string): void {
    const waiting = this.waiting.splice(0);
    // The connection continues with the new token, as soon as the client asks for it.
    if (this.isRenewing && this.refusals < MAX_REFUSED) {
      // A callback that has waited for too long does not take it, and the next one does.
      this.offered = this.given = token;
      for (const resolve of waiting) resolve(token);
      return;
    }
    this.set(token);
    this.form.hide();
    this.handlers.restart();
  }

  private set(token: string): void {
    this.token = token;
    this.offered = this.given = undefined;
    this.isRenewing = false;
    this.waiting = [];
    storeToken(token);
  }
}
