import { AdminApi, ApiError, type Credentials } from './api/admin-api.js';
import { Console } from './console.js';
import { session } from './session.js';
import { Announcer } from './ui/announcer.js';
import { byId, setText } from './ui/dom.js';

const form = byId('sign-in-form', HTMLFormElement);
const problem = byId('sign-in-problem', HTMLParagraphElement);
const operatorField = byId('sign-in-operator', HTMLInputElement);
const tokenField = byId('sign-in-token', HTMLInputElement);
const streamState = byId('stream', HTMLParagraphElement);

/** Ends the session. Loading the page again is the simplest way to end all that it does. */
function signOut(reason = ''): void {
  session.forgetToken(reason);
  location.reload();
}

function open(credentials: Credentials): void {
  byId('sign-in', HTMLElement).hidden = true;
  byId('views', HTMLDivElement).hidden = false;
  byId('sections', HTMLElement).hidden = false;
  byId('signed-in', HTMLDivElement).hidden = false;
  setText(byId('operator', HTMLSpanElement), credentials.operator);
  new Console(credentials, new Announcer(byId('announcer', HTMLParagraphElement)), signOut).start();
}

/** Returns what is wrong with the credentials, or undefined if the gateway accepts them. */
async function problemWith(credentials: Credentials): Promise<string | undefined> {
  try {
    await new AdminApi(credentials, () => undefined).check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) return 'This gateway has no admin API. It needs ADMIN_PORT and ADMIN_TOKEN.';
    // A gateway with problems must not keep the operator out.
    return error.status >= 500 ? undefined : error.message;
  }
}

async function signIn(): Promise<void> {
  // A copied token often has a space or a line break at its ends.
  const token = tokenField.value.trim();
  const credentials = { token, operator: operatorField.value.trim() };
  // Other characters cannot be sent in a header, and no token has them.
  if (!/^[!-~]+$/.test(token) || credentials.operator === '') {
    setText(problem, 'Enter your name and the token. A token has no spaces.');
    return;
  }
  setText(problem, '');
  setText(streamState, 'Signing in…');
  const refused = await problemWith(credentials);
  if (refused === undefined) {
    session.keep(credentials);
    tokenField.value = '';
    open(credentials);
    return;
  }
  setText(streamState, 'Signed out');
  setText(problem, refused);
  tokenField.select();
}

setText(byId('host', HTMLSpanElement), location.host);
byId('sign-out', HTMLButtonElement).addEventListener('click', () => signOut());
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signIn();
});

const known = session.read();
if (known) open(known);
else {
  setText(problem, session.takeProblem());
  operatorField.value = session.operator;
  byId('sign-in', HTMLElement).hidden = false;
  (operatorField.value === '' ? operatorField : tokenField).focus();
}
