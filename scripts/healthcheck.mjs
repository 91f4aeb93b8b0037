// The container's HEALTHCHECK: 0 when the gateway's event loop answers, else 1 and the reason. Asks for liveness and not
// for readiness: a gateway that waits for Redis or is draining must not be taken for a dead one.
/* global fetch, AbortSignal */

// Shorter than the time HEALTHCHECK gives this script, so that the reason is told.
const TIMEOUT_MS = 3_000;

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

const url = `http://127.0.0.1:${process.env.PORT || 8002}/health/live`;
try {
  const { status, ok } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!ok) fail(`${url} answered ${status}`);
} catch (error) {
  fail(`${url} did not answer: ${error.cause?.message || error.message}`);
}
process.exit(0);
