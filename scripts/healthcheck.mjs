// The container's HEALTHCHECK: 0 when the gateway's event loop answers, else 1 and the reason. Asks for liveness and not
// for readiness: a gateway that waits for Redis or is draining must not be taken for a dead one.
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';

// Shorter than the time HEALTHCHECK gives this script, so that the reason is told.
const TIMEOUT_MS = 3_000;

function end(reason) {
  if (reason) console.error(reason);
  process.exit(reason ? 1 : 0);
}

const tls = Boolean(process.env.TLS_CERT);
const url = `${tls ? 'https' : 'http'}://127.0.0.1:${process.env.PORT || 8002}/health/live`;
const timer = setTimeout(() => end(`${url} did not answer: it took more than ${TIMEOUT_MS} ms`), TIMEOUT_MS);
// The certificate is for the name that clients use, and not checked here: this asks the process beside it, and tells it nothing.
const request = (tls ? getTls : getPlain)(url, { rejectUnauthorized: false, agent: false }, (response) => {
  clearTimeout(timer);
  end(response.statusCode === 200 ? undefined : `${url} answered ${response.statusCode}`);
});
request.on('error', (error) => end(`${url} did not answer: ${error.message}`));
