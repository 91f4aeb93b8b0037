import type { LocalOffset } from '../../contract/index.js';
import { socketIoPackets } from '../socket-io/socket-io-encodings.js';
import type { LinkEncodings } from '../socket-io/socket-io-link.js';
import { EventBlocks } from './event-blocks.js';
import { DeflatedBlocks } from './gzip-blocks.js';

/**
 * @param offsetOf the offset of timestamps that name no zone
 * @param compressAbove messages up to this size are not compressed, bytes
 */
export function sseEncodings(offsetOf: LocalOffset | undefined, compressAbove: number): LinkEncodings {
  const plain = new EventBlocks(offsetOf);
  return {
    packets: socketIoPackets,
    isBinary: false,
    plain,
    deflated: new DeflatedBlocks(plain, compressAbove),
  };
}
