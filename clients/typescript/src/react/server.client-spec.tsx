import { renderToString } from 'react-dom/server';
import { FakeGateway, settle } from '../../../../test/clients/support/fake-gateway.js';
import { underlying } from '../../../../test/support/messages.js';
import { GatewayProvider, useAge, useChain, useConnection, useProduct } from './index.js';

it('renders the empty state on a server, without a subscription', async () => {
  const gateway = new FakeGateway();
  const client = await gateway.up();
  gateway.last.say('underlying_update', underlying('A', 1));
  function Page() {
    const { update, stale } = useProduct('A');
    const { chain, chains } = useChain('A');
    const { state } = useConnection();
    return <p>{JSON.stringify([update ?? null, stale, chain ?? null, chains.size, state])}</p>;
  }
  const html = renderToString(
    <GatewayProvider client={client}>
      <Page />
    </GatewayProvider>,
  );
  expect(html.replaceAll('&quot;', '"')).toBe('<p>[null,true,null,0,"connecting"]</p>');
  await settle();
  expect(gateway.last.asked('subscribe')).toEqual([]);
  client.close();
});

it('renders the empty state below a provider without a client', () => {
  function Page() {
    const { update, stale, error, ageMs } = useProduct('A');
    const stops = useChain('A', '2026-11-26', { everyMs: 100, select: ({ chains }) => chains.size });
    const { state, client } = useConnection();
    const empty = [update, error, ageMs, client, useAge(update)].every((value) => value === undefined);
    return <p>{[empty, stale, stops, state].join(' ')}</p>;
  }
  const html = renderToString(
    <GatewayProvider client={undefined}>
      <Page />
    </GatewayProvider>,
  );
  expect(html).toBe('<p>true true 0 connecting</p>');
});

it('without a provider a hook throws an error that names it', () => {
  const Page = () => <p>{useProduct('A').update?.price}</p>;
  expect(() => renderToString(<Page />)).toThrow('There is no <GatewayProvider> above this component');
});
