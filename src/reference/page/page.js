'use strict';

AsyncApiStandalone.render(
  {
    schema: { url: 'asyncapi.json' },
    config: {
      schemaID: 'contract',
      show: { sidebar: true, errors: true },
      expand: { messageExamples: true },
    },
  },
  document.getElementById('reference'),
);
