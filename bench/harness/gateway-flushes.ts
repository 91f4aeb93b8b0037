import type { Peer } from '../peers/peer.js';

/** The flushes of a gateway since it started. */
export interface Flushes {
  readonly count: number;
  /** The sum of each flush's average number of messages per write. */
  readonly messagesPerWrite: number;
}

/** Reads them from the metrics of the gateway. */
export async function gatewayFlushes({ port }: Peer): Promise<Flushes> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept: 'text/plain' } });
  const text = await response.text();
  const value = (suffix: string) =>
    Number(new RegExp(`^socket_gateway_flush_frames_per_write_${suffix} (\\S+)$`, 'm').exec(text)?.[1]);
  return { count: value('count'), messagesPerWrite: value('sum') };
}
