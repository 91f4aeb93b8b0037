import { Cleanup } from '../component.js';
import { STATES } from '../connection/connection-panel.js';
import { setAttribute, setText } from '../dom.js';
import { bytes, decimal } from '../format.js';
import type { Page } from '../page.js';
import type { ThemeChoice } from '../theme.js';

const part = (id: string): HTMLElement => document.getElementById(id)!;

/** The button that switches between light and dark. */
export function startSchemeButton(theme: ThemeChoice): void {
  const button = part('scheme');
  const draw = (): void => {
    const other = theme.scheme === 'dark' ? 'light' : 'dark';
    setText(button, other === 'dark' ? 'Dark' : 'Light');
    button.setAttribute('aria-label', `Switch to the ${other} colours`);
  };
  button.addEventListener('click', () => theme.toggle());
  theme.onChange(draw);
  draw();
}

/** The state of the connection and its user, at the top of the page. */
export function startHeader({ client, clock, traffic, frames }: Page): Cleanup {
  const cleanup = new Cleanup();
  const [status, user, signOut] = [part('status'), part('user'), part('sign-out')];
  const [text, figures] = [status.querySelector('.status-text')!, status.querySelector('.status-figures')!];

  function draw(): void {
    const { state, health } = client;
    const isOpen = state === 'connected' || state === 'draining';
    const isLive = state === 'connected' && (health === 'live' || health === 'unknown');
    setAttribute(status, 'data-state', isLive ? 'live' : isOpen ? 'waiting' : state);
    setText(
      text,
      isLive
        ? 'Live'
        : isOpen && health === 'market_closed'
          ? 'Market closed'
          : isOpen && health === 'feed_down'
            ? 'No feed'
            : STATES[state],
    );
    const { updatesPerSecond, bytesPerSecond } = traffic;
    setText(
      figures,
      isOpen && updatesPerSecond !== undefined
        ? `${decimal(updatesPerSecond, 0)} upd/s · ${bytes(bytesPerSecond)}/s`
        : '',
    );
    user.hidden = signOut.hidden = !client.user;
    if (!client.user) return;
    const until = new Date(client.user.expires_at * 1_000);
    setText(user, `${client.user.user_id} (${client.user.role})`);
    setAttribute(user, 'title', `Token valid until ${until.toLocaleString()}`);
  }
  const request = (): void => frames.request(draw);
  cleanup.add(
    client.on('state', request),
    client.on('connected', request),
    client.on('token_refreshed', request),
    client.on('health', request),
    clock.onTick(request),
    () => frames.cancel(draw),
  );
  draw();
  return cleanup;
}
