'use strict';

const reference = document.getElementById('reference');

// The renderer fills the page after it was loaded, when the browser has given up looking for what the address names.
new MutationObserver((_, observer) => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  observer.disconnect();
  target.scrollIntoView();
}).observe(reference, { childList: true, subtree: true });

AsyncApiStandalone.render(
  {
    schema: { url: 'asyncapi.json' },
    config: {
      show: { sidebar: true, errors: true },
      expand: { messageExamples: true },
    },
  },
  reference,
);
