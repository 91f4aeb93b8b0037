'use strict';

const reference = document.getElementById('reference');

/** The id that the address names. */
function named() {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

// The renderer fills the page after it was loaded, when the browser has given up looking for what the address names. All at once:
// whoever reads it must not be pulled away by what changes later.
new MutationObserver((_, observer) => {
  if (!reference.querySelector('[id]')) return;
  observer.disconnect();
  document.getElementById(named())?.scrollIntoView();
}).observe(reference, { childList: true, subtree: true });

AsyncApiStandalone.render(
  {
    schema: { url: 'asyncapi.json' },
    config: {
      show: { sidebar: true, errors: true },
      expand: { messageExamples: true },
      // The renderer's own labels are those of the gateway's side: a request of a client is a "REPLY" there.
      replyLabel: 'CLIENT SENDS',
      receiveLabel: 'CLIENT SENDS',
      sendLabel: 'GATEWAY SENDS',
    },
  },
  reference,
);
