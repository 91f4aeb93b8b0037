import type { FeedMessage } from './bench-feed.js';
import type { PublishTarget } from './publisher-methods.js';

/** The subject and channel for all messages. */
export const EVERYTHING = 'general';
export const NCHAN_PUBLISH_PATH = '/publish';
const CENTRIFUGO_PUBLISH_PATH = '/api/publish';

/** Encodes a message for a broker. Messages are ASCII, so their length is their size. */
export type WireFormat = (message: FeedMessage) => string;

/** Sent once, before the first message. */
export function preambleOf(target: PublishTarget): string {
  return target.kind === 'nats' ? 'CONNECT {"verbose":false,"pedantic":false,"protocol":0}\r\n' : '';
}

export function wireFormatOf(target: PublishTarget): WireFormat {
  switch (target.kind) {
    case 'redis': {
      const command = target.sharded ? '$8\r\nSPUBLISH' : '$7\r\nPUBLISH';
      return ({ channel, data }) =>
        `*3\r\n${command}\r\n$${channel.length}\r\n${channel}\r\n$${data.length}\r\n${data}\r\n`;
    }
    case 'nats':
      return ({ product, data }) =>
        `PUB ${target.subjectPerProduct ? product : EVERYTHING} ${data.length}\r\n${data}\r\n`;
    case 'nchan':
      return ({ data }) => post(NCHAN_PUBLISH_PATH, data);
    case 'centrifugo':
      return ({ product, data }) => {
        const channel = target.channelPerProduct ? product : EVERYTHING;
        return post(CENTRIFUGO_PUBLISH_PATH, `{"channel":"${channel}","data":${data}}`);
      };
    case 'lines':
      return ({ data }) => `${data}\n`;
  }
}

function post(path: string, json: string): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${json.length}\r\n\r\n${json}`
  );
}
