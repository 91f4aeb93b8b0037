import { renderToString } from 'react-dom/server';
import { FakeGateway, settle } from '../../../../test/clients/support/fake-gateway.js';
import { underlying } from '../../../../test/support/messages.js';
import { GatewayProvider, useChain, useConnection, useProduct } from './index.js';

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
