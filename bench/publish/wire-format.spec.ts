import type { FeedMessage } from './bench-feed.js';
import type { PublishTarget } from './publisher-methods.js';
import { wireFormatOf } from './wire-format.js';

const MESSAGE: FeedMessage = { channel: 'enriched:underlying', product: 'NIFTY', data: '{"ltp": 1}' };

const encode = (target: PublishTarget) => wireFormatOf(target)(MESSAGE);

describe('wireFormatOf', () => {
  it('publishes to one channel of Centrifugo, or to one for each product', () => {
    const [head = '', body] = encode({ kind: 'centrifugo', port: 1, channelPerProduct: false }).split(
      '\r\n\r\n',
    );
    expect(body).toBe('{"channel":"general","data":{"ltp": 1}}');
    expect(head.split('\r\n')[0]).toBe('POST /api/publish HTTP/1.1');
    expect(head).toContain(`Content-Length: ${body!.length}`);
    expect(encode({ kind: 'centrifugo', port: 1, channelPerProduct: true })).toContain('{"channel":"NIFTY",');
  });

  it('publishes the message itself to nchan', () => {
    expect(encode({ kind: 'nchan', port: 1 })).toMatch(
      /^POST \/publish HTTP\/1\.1\r\n.*Content-Length: 10\r\n\r\n\{"ltp": 1\}$/s,
    );
  });

  it('sends a line to the servers without a protocol', () => {
    expect(encode({ kind: 'lines', port: 1 })).toBe('{"ltp": 1}\n');
  });
});
