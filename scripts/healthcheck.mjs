// The container's HEALTHCHECK: exits with 0 if the gateway's event loop responds, and otherwise
// with 1 and the reason. It checks liveness and not readiness, because a gateway that waits for
// Redis or drains is not dead.
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';

// Shorter than the timeout of HEALTHCHECK, so that the reason is printed.
const TIMEOUT_MS = 3_000;

function end(reason) {
  if (reason) console.error(reason);
  process.exit(reason ? 1 : 0);
}

const tls = Boolean(process.env.TLS_CERT);
const url = `${tls ? 'https' : 'http'}://127.0.0.1:${process.env.PORT || 8002}/health/live`;
const timer = setTimeout(() => end(`${url} did not answer: it took more than ${TIMEOUT_MS} ms`), TIMEOUT_MS);
// The certificate is issued for the name that clients use, and is not checked here: this request
// stays inside the container and sends no secret.
const request = (tls ? getTls : getPlain)(url, { rejectUnauthorized: false, agent: false }, (response) => {
  clearTimeout(timer);
  end(response.statusCode === 200 ? undefined : `${url} answered ${response.statusCode}`);
});
request.on('error', (error) => end(`${url} did not answer: ${error.message}`));
