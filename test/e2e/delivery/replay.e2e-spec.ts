import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GatewayProcess } from '../../support/gateway-process.js';
import { startProcess } from '../../support/processes.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';

const RECORDING = join(__dirname, '../../fixtures/deltastream-enriched-60s.jsonl.gz');
const FEED = join(__dirname, '../../../dist/tools/feed.js');

const SUMMARY_FIELDS = [
  'product',
  'expiry',
  'spot_price',
  'pcr_oi',
  'pcr_volume',
  'max_pain_strike',
  'atm_straddle_price',
  'timestamp',
] as const;

type Published = Record<string, unknown> & { calls: { strike: number }[]; puts: { strike: number }[] };

/** The recorded messages of a channel, parsed from the published strings. */
function published(channel: string): Published[] {
  return gunzipSync(readFileSync(RECORDING))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { channel: string; data: string })
    .filter((line) => line.channel === channel)
    .map(({ data }) => JSON.parse(data) as Published);
}

it('a recording of the real platform, replayed at 20x through Redis, arrives complete over every transport', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  const prices = published('enriched:underlying');
  const chains = published('enriched:option_chain');
  const products = [...new Set(prices.map(({ product }) => product as string))];
  expect([prices.length, chains.length, products.length]).toEqual([472, 95, 8]);

  const clients = await Promise.all(
    Object.values(TRANSPORTS).map(async (transport) => {
      const client = await TestClient.connect(gateway.url, transport);
      await client.ask('subscribe', { type: 'product', symbols: products });
      await client.ask('subscribe', { type: 'chain', symbols: products });
      return client;
    }),
  );

  const feed = startProcess(
    process.execPath,
    [FEED, '--replay', RECORDING, '--speed', '20', '--keep-times', '--redis', redis.url],
    {
      stdio: 'ignore',
    },
  );
  await expect(once(feed, 'exit')).resolves.toEqual([0, null]);

  const summaries = chains.map((chain) =>
    Object.fromEntries(SUMMARY_FIELDS.map((field) => [field, chain[field]])),
  );
  const withStrikes = chains.map((chain) => ({
    ...chain,
    strikes: [...new Set([...chain.calls, ...chain.puts].map(({ strike }) => strike))].sort((a, b) => a - b),
  }));
  for (const client of clients) {
    await client.next('underlying_update', prices.length);
    await client.next('chain_update', chains.length);
    await client.settled();
    // Compares JSON text, because toEqual ignores the difference between a missing and an undefined
    // field.
    expect(client.all('underlying_update').map((update) => JSON.stringify(update))).toEqual(
      prices.map((update) => JSON.stringify(update)),
    );
    expect(client.all('chain_summary')).toStrictEqual(summaries);
    expect(client.all('chain_update')).toStrictEqual(withStrikes);
    client.close();
  }
  for (const reason of ['not_json', 'missing_field', 'wrong_type', 'bad_timestamp']) {
    expect(await gateway.metric(`socket_gateway_feed_rejected_total{reason="${reason}"}`)).toBe(0);
  }
  await gateway.stop();
  await redis.stop();
});
