'use strict';

const reference = document.getElementById('reference');

/** The id in the fragment of the URL. */
function named() {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

// The renderer fills the page after the browser has given up looking for the element that the URL
// names. Scroll to it only once: later changes of the page must not move a reader away.
new MutationObserver((_, observer) => {
  if (!reference.querySelector('[id]')) return;
  observer.disconnect();
  document.getElementById(named())?.scrollIntoView();
}).observe(reference, { childList: true, subtree: true });

const config = {
  show: { sidebar: true, errors: true },
  expand: { messageExamples: true },
  // The renderer's own labels are those of the gateway's side: a request of a client is a "REPLY" there.
  replyLabel: 'CLIENT SENDS',
  receiveLabel: 'CLIENT SENDS',
  sendLabel: 'GATEWAY SENDS',
};

/** The renderer shows summaries as plain text, so that back-ticks would be visible. */
function withoutBackTicks(name, value) {
  return name === 'summary' && typeof value === 'string' ? value.replaceAll('`', '') : value;
}

async function render() {
  const response = await fetch('asyncapi.json');
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  const schema = JSON.stringify(JSON.parse(await response.text(), withoutBackTicks));
  AsyncApiStandalone.render({ schema, config }, reference);
}

render().catch((error) => {
  reference.textContent = `The document could not be loaded (${error.message}). Reload the page to try again.`;
});
