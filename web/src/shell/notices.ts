import type { Notice, SocketClient } from '@deltastream/socket-client';
import { Cleanup, type Component } from '../component.js';
import { create } from '../dom.js';

/** More than a reader can take in. The oldest ones go. */
const MAX_NOTICES = 3;

const KINDS = { info: 'info', warning: 'warn', critical: 'bad' } as const;

/** Texts from the operators, each until the reader closes it. */
export function createNotices(client: SocketClient): Component {
  const element = create('div', 'notices');
  element.setAttribute('role', 'status');
  const cleanup = new Cleanup();
  cleanup.add(
    client.on('notice', (notice) => {
      element.append(strip(notice));
      while (element.children.length > MAX_NOTICES) element.firstElementChild!.remove();
    }),
  );
  return { element, destroy: () => cleanup.run() };
}

function strip({ level, text, link }: Notice): HTMLElement {
  const paragraph = create('p', '', text);
  // The contract allows nothing else. Another scheme could run a script.
  if (link?.startsWith('https://')) {
    const anchor = create('a', '', 'More');
    anchor.href = link;
    anchor.rel = 'noopener noreferrer';
    anchor.target = '_blank';
    paragraph.append(' ', anchor);
  }
  const button = create('button', 'button', 'Close');
  button.type = 'button';
  const element = create('div', 'banner', paragraph, button);
  element.dataset.kind = KINDS[level];
  button.addEventListener('click', () => element.remove());
  return element;
}
