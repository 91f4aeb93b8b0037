import { join } from 'node:path';
import type { SettingsAnswer } from '../../src/admin/api/admin-answers.js';
import type { AdminStats } from '../../src/contract/index.js';
import { ADMIN_TOKEN, AdminClient } from '../support/admin-client.js';
import { Browser } from '../support/browser.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { OPS_VIEWS, OpsPage } from '../support/ops-page.js';
import { underlying } from '../support/messages.js';
import { UNDERLYING } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { TestClient } from '../support/test-client.js';
import { claims, hs256, JWT_SECRET } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';

const NAMES = ['gateway-0', 'gateway-1', 'gateway-2'] as const;
const CLIENTS_PER_REPLICA = 4;

let redis: RedisServer;
let replicas: GatewayProcess[];
let admin: AdminClient;
let clients: TestClient[];
let browser: Browser;
let ops: OpsPage;

const start = (name: string, more: Record<string, string> = {}) =>
  GatewayProcess.start({
    REDIS_URL: redis.url,
    REPLICA_NAME: name,
    ADMIN_PORT: '0',
    ADMIN_TOKEN,
    AUTH_MODE: 'optional',
    JWT_SECRET,
    SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
    DRAIN_TIMEOUT_MS: '1000',
    ...more,
  });

const connect = (replica: GatewayProcess, user: string) =>
  TestClient.connect(replica.url, {
    transports: ['websocket'],
    reconnection: false,
    auth: { token: hs256(claims({ user_id: user })) },
  });

beforeAll(async () => {
  redis = await RedisServer.start();
  replicas = await Promise.all(NAMES.map((name) => start(name)));
  for (const replica of replicas) await replica.ready();
  admin = new AdminClient(replicas[0]!);
  await waitFor(
    async () => (await admin.get<SettingsAnswer>('config')).body.replicas.length === NAMES.length,
    'the replicas do not know each other',
  );
  clients = await Promise.all(
    replicas.flatMap((replica, number) =>
      Array.from({ length: CLIENTS_PER_REPLICA }, (_, n) => connect(replica, `user-${number}-${n}`)),
    ),
  );
  for (const client of clients) await client.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
  browser = await Browser.launch();
  ops = new OpsPage(await browser.open(`${replicas[0]!.adminUrl}/ops`));
});
afterAll(async () => {
  await browser.close();
  for (const client of clients) client.close();
  await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')));
  await redis.stop();
});

/** Takes the errors that the browser has written to the console since the last call. */
const complaints = () => browser.complaints.splice(0);

it('says that a token is wrong, and keeps the right one for this tab only', async () => {
  await ops.signIn('wrong-token-of-16-characters');
  await ops.page.getByText('The gateway does not accept this token.').waitFor();
  expect(complaints()).toEqual([expect.stringContaining('401')]);
  await ops.signIn(` ${ADMIN_TOKEN}\n`);
  await ops.live();
  await ops.page.reload();
  await ops.live();
  expect(
    await ops.page.evaluate(`location.href + document.cookie + JSON.stringify(localStorage)`),
  ).not.toContain(ADMIN_TOKEN);
  const other = await browser.open(ops.page.url());
  await other.getByLabel('Admin token').waitFor();
  expect(await other.getByLabel('Your name').inputValue()).toBe('Ada');
  await other.close();
});

it('shows the numbers that the API returns', async () => {
  for (let n = 1; n <= 5; n++) await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', n)));
  const { body } = await admin.get<AdminStats>('stats');
  expect(body.total.clients).toBe(NAMES.length * CLIENTS_PER_REPLICA);
  await ops.tile('Clients').getByText('12', { exact: true }).waitFor();
  await ops.tile('Replicas').getByText('3', { exact: true }).waitFor();
  await ops.tile('Redis').getByText('OK').waitFor();
  for (const report of body.replicas) {
    expect(await ops.cell(report.replica, 'Clients').innerText()).toBe(String(report.clients));
    expect(await ops.cell(report.replica, 'Version').innerText()).toBe(report.version);
    expect(await ops.cell(report.replica, 'State').innerText()).toBe('serving');
  }
  await ops.page.getByText('Nothing is wrong.').waitFor();

  await ops.show('Rooms and feed');
  for (const { room, clients: members } of body.total.rooms)
    expect(await ops.page.locator(`#room-table tr[data-key="${room}"] .number`).innerText()).toBe(
      String(members),
    );
  await ops.page.locator('#product-table').getByText('NIFTY', { exact: true }).waitFor();
  await ops.page.getByRole('button', { name: 'Clients of product:NIFTY' }).click();
  await ops.page.getByText(/^12 clients found\. /).waitFor();
  expect(await ops.page.locator('#client-table tbody tr').count()).toBe(12);
  await ops.show('Overview');
});

it('disconnects one client, after it was confirmed and by name', async () => {
  const [target] = clients;
  const id = target!.socket.id!;
  await ops.show('Clients');
  await ops.page.getByLabel('Client id').fill('');
  await ops.page.getByRole('button', { name: 'Clear' }).click();
  await ops.page.getByLabel('User').fill('user-0-0');
  await ops.page.getByRole('button', { name: 'Search' }).click();
  await ops.page.getByText(/^1 client found\. /).waitFor();
  await ops.client(id).waitFor();

  // Escape cancels.
  await ops.page.getByRole('button', { name: `Disconnect client ${id}` }).click();
  await ops.page.keyboard.press('Escape');
  expect(await ops.dialog.count()).toBe(0);
  expect(target!.disconnects).toEqual([]);

  const said = await ops.act(`Disconnect client ${id}`, 'Disconnect this client');
  expect(said).toBe(`Closes the connection of client ${id}, of user user-0-0, on gateway-0.`);
  expect(await ops.outcome()).toBe('Disconnected 1 client.');
  await waitFor(() => target!.disconnects.length === 1);
  await ops.page.getByText('No client matches.').waitFor();
  expect(clients.slice(1).flatMap(({ disconnects }) => disconnects)).toEqual([]);
  const audit = replicas[0]!.logged('admin_action');
  expect(audit).toMatchObject({ operator: 'Ada' });
});

it('sends a notice to all clients of a user', async () => {
  const target = clients[5]!;
  await ops.page.getByLabel('User').fill('user-1-1');
  await ops.page.getByRole('button', { name: 'Search' }).click();
  await ops.client(target.socket.id!).waitFor();
  await ops.page.getByRole('button', { name: `Notice client ${target.socket.id}` }).click();
  await ops.dialog.getByLabel('Whom').selectOption('user');
  await ops.dialog.getByText('At this moment: 1 client.').waitFor();
  await ops.dialog.getByLabel('Level').selectOption('warning');
  await ops.dialog.getByLabel('Text').fill('Please reload the page.');
  await ops.dialog.getByRole('button', { name: 'Send to user user-1-1' }).click();
  expect(await ops.outcome()).toBe('Sent to 1 client.');
  await target.next('notice');
  expect(target.all('notice')).toMatchObject([{ level: 'warning', text: 'Please reload the page.' }]);
});

it('changes a log level, and shows it and the settings of a replica', async () => {
  await ops.show('Overview');
  await ops.page.getByRole('button', { name: 'Log level gateway-2' }).click();
  await ops.dialog.getByLabel('Level').selectOption('warn');
  await ops.dialog.getByRole('button', { name: 'Log from warn on' }).click();
  expect(await ops.outcome()).toBe('Changed on gateway-2.');
  await ops.show('Logs and actions');
  await ops.page
    .locator('#level-table tr[data-key="gateway-2"]')
    .getByText('warn', { exact: true })
    .waitFor();
  await ops.page.locator('#done-table').getByText('Changed on gateway-2.').waitFor();
  await ops.act('Reset…', 'Reset on all replicas');
  expect(await ops.outcome()).toBe('Reset on gateway-0, gateway-1, gateway-2.');

  await ops.show('Overview');
  await ops.page.getByRole('button', { name: 'Config gateway-1' }).click();
  await ops.dialog.getByLabel('Filter').fill('jwt_secret');
  await ops.dialog.getByRole('row', { name: /JWT_SECRET \*\*\*/ }).waitFor();
  expect(await ops.dialog.innerText()).not.toContain(JWT_SECRET);
  await ops.dialog.getByRole('button', { name: 'Close' }).click();
});

it('drains a replica, and shows that it drains', async () => {
  const said = await ops.act('Drain gateway-1', 'Drain gateway-1');
  expect(said).toContain(
    'disconnects its 4 clients step by step, so that they reconnect to gateway-0, gateway-2.',
  );
  expect(await ops.outcome()).toBe('gateway-1 drains 4 clients.');
  await ops.cell('gateway-1', 'State').getByText('draining').waitFor();
  await ops.page.locator('#problem-list').getByText('Draining, with 0 clients left.').waitFor();
  await ops.tile('Clients').getByText('7', { exact: true }).waitFor();
  expect(await ops.page.getByRole('button', { name: 'Drain gateway-1' }).isDisabled()).toBe(true);
});

it.each(['light', 'dark'] as const)('axe finds nothing serious in %s, in no section', async (colorScheme) => {
  await ops.page.emulateMedia({ colorScheme });
  for (const view of OPS_VIEWS) {
    await ops.show(view);
    expect([view, await ops.seriousViolations()]).toEqual([view, []]);
  }
  await ops.show('Overview');
  await ops.page.getByRole('button', { name: 'Rebalance gateway-0' }).click();
  expect(await ops.seriousViolations()).toEqual([]);
  await ops.page.keyboard.press('Escape');
});

it.each([390, 768, 1280, 1920])('cuts nothing at a width of %i', async (width) => {
  await ops.page.setViewportSize({ width, height: 900 });
  for (const view of OPS_VIEWS) {
    await ops.show(view);
    expect([view, await ops.cutElements()]).toEqual([view, []]);
  }
  await ops.page.setViewportSize({ width: 1280, height: 900 });
  await ops.show('Overview');
});

it('can be used with the keyboard only', async () => {
  const focused = () => ops.page.evaluate('document.activeElement.textContent.trim()');
  await ops.page.reload();
  await ops.live();
  await ops.page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the content');
  await ops.page.keyboard.press('Enter');
  // Through the table of the replicas, to the first action that is not disabled.
  for (let tabs = 0; tabs < 20 && (await focused()) !== 'Drain…'; tabs++)
    await ops.page.keyboard.press('Tab');
  await ops.page.keyboard.press('Enter');
  await ops.dialog.waitFor();
  // Enter by mistake does no harm: Cancel has the focus.
  expect(await focused()).toBe('Cancel');
  await ops.page.keyboard.press('Enter');
  expect([await ops.dialog.count(), await focused()]).toEqual([0, 'Drain…']);
  const chart = ops.page.getByRole('group', { name: /^Clients: chart/ });
  await chart.focus();
  await ops.page.keyboard.press('ArrowLeft');
  expect(await ops.page.locator('#announcer').innerText()).toMatch(/^\d\d:\d\d:\d\d: gateway-0 \d+, /);
});

it('takes no screenshots unless it is asked to', async () => {
  if (process.env.SCREENSHOT === undefined) return;
  for (let n = 10; n < 100; n++) {
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', n)));
    await ops.page.waitForTimeout(200);
  }
  await ops.page.setViewportSize({ width: 1280, height: 800 });
  await ops.page.evaluate('document.activeElement.blur()');
  for (const colorScheme of ['light', 'dark'] as const) {
    await ops.page.emulateMedia({ colorScheme });
    await ops.page.screenshot({ path: join(process.env.SCREENSHOT, `ops-page-${colorScheme}.png`) });
  }
});

it('has written nothing to the console, not even a violation of the content security policy', () => {
  expect(complaints()).toEqual([]);
});

it('shows a killed replica as missing, in words and in the count of problems', async () => {
  await replicas[2]!.stop('SIGKILL');
  await ops
    .cell('gateway-2', 'State')
    .getByText(/^missing for \d+ s$/)
    .waitFor();
  await ops.page.locator('#problem-list [data-severity="critical"]').getByText('gateway-2').waitFor();
  await waitFor(async () => (await ops.page.title()).startsWith('(1) '));
  expect(await ops.page.locator('#announcer').innerText()).toContain('gateway-2: Missing');
  await ops.show('Clients');
  await ops.page.getByText('No answer from gateway-2: its clients are not listed.').waitFor();

  await ops.show('Logs and actions');
  await ops.act('Reset…', 'Reset on all replicas');
  expect(await ops.outcome()).toContain('No answer from gateway-2');
});

it('says that its numbers are old while the gateway hangs, and goes on afterwards', async () => {
  await ops.show('Overview');
  process.kill(replicas[0]!.pid, 'SIGSTOP');
  try {
    await ops.page.getByText(/Numbers are \d+ s old\./).waitFor();
    expect(await ops.page.locator('#views').getAttribute('data-old')).toBe('yes');
    await ops.page.getByText(/^Nothing has come for 6 seconds\. Next try in \d+ s\./).waitFor();
  } finally {
    process.kill(replicas[0]!.pid, 'SIGCONT');
  }
  await ops.live();
  expect(await ops.page.locator('#views').getAttribute('data-old')).toBeNull();
});

it('tries again by itself when the gateway has gone, and asks for another token if that is wrong', async () => {
  const { port } = new URL(replicas[0]!.adminUrl);
  await replicas[0]!.stop('SIGKILL');
  await ops.page
    .locator('#stream')
    .getByText(/Next try in \d+ s\./)
    .waitFor();
  await ops.page.getByRole('button', { name: 'Retry now' }).waitFor();
  replicas[0] = await start(NAMES[0], { ADMIN_PORT: port });
  await ops.live();
  await replicas[0].stop('SIGKILL');
  replicas[0] = await start(NAMES[0], { ADMIN_PORT: port, ADMIN_TOKEN: 'another-token-of-operators' });
  await ops.page.getByText('The gateway does not accept this token.').waitFor();
  await ops.signIn('another-token-of-operators');
  await ops.live();
});
