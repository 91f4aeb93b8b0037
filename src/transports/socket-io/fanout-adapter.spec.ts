import { FanoutRig } from '../../../test/support/fanout-rig.js';
import { waitFor } from '../../../test/support/wait.js';
import { JsonPayload, type UnderlyingUpdate } from '../../contract/index.js';

afterEach(() => FanoutRig.stopAll());

it('leaves out single clients and rooms, of a broadcast and of what is sent to one client', async () => {
  const rig = await FanoutRig.start();
  const [one, two, three] = [await rig.connect(), await rig.connect(), await rig.connect()];
  await three.socket.join('left out');
  const send = (n: number, to: string[], except: string[]) => {
    const text = JSON.stringify({ price: n });
    const payload = new JsonPayload<UnderlyingUpdate>(text, `${n}`);
    rig.server.local.to(to).except(except).emit('underlying_update', payload);
  };
  rig.broadcast(1);
  send(2, [], [one.socket.id]);
  send(3, [], ['left out']);
  send(4, [], [two.socket.id, 'left out']);
  send(5, [one.socket.id], ['left out']);
  send(6, [one.socket.id], [one.socket.id]);
  send(7, [three.socket.id], ['left out']);
  rig.broadcast(8);
  const all = [one, two, three];
  await waitFor(() => all.every(({ numbers }) => numbers.at(-1) === 8));
  expect(all.map(({ numbers }) => numbers)).toEqual([
    [1, 3, 4, 5, 8],
    [1, 2, 3, 8],
    [1, 2, 8],
  ]);
});
