import { Module } from '@nestjs/common';
import { CLOCK, type CpuClock } from '../../common/clock.js';
import { GatewayConfig } from '../../config/gateway-config.js';
import { TransportMetrics } from '../transport.metrics.js';
import { fanoutAdapter } from './fanout-adapter.js';
import { FanoutEngine } from '../../fanout/fanout-engine.js';
import { FanoutMetrics } from '../../fanout/fanout.metrics.js';
import { FanoutReport } from '../../fanout/fanout-report.js';
import { loadNativeBatchWriter, type NativeBatchWriter } from '../../fanout/native-batch-writer.js';
import { closingFrame, laggingFrame } from '../../fanout/notices.js';
import { linkEncodings } from './link-encodings.js';
import { SocketIoLink } from './socket-io-link.js';
import { RequestQueue } from '../request-queue.js';
import {
  ADAPTER_FACTORY,
  type AdapterFactory,
  createSocketServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from './socket-server.js';

/** How long client requests may block the event loop before the feed is handled, ms. */
const REQUEST_SLICE_MS = 2;
/**
 * Limit of waiting requests. Even a storm of clients that reconnect and subscribe again has fewer.
 */
const MAX_WAITING_REQUESTS = 50_000;

/** Provides the one Socket.IO server of the process, with the fan-out engine behind its adapter. */
@Module({
  providers: [
    FanoutMetrics,
    FanoutReport,
    TransportMetrics,
    {
      provide: RequestQueue,
      inject: [GatewayConfig, TransportMetrics, CLOCK],
      useFactory: (
        { eventBurst, eventsPerSecond }: GatewayConfig,
        metrics: TransportMetrics,
        clock: CpuClock,
      ) => {
        const queue = new RequestQueue({
          clock,
          ownerOf: ({ handshake }: GatewaySocket) => handshake.address,
          sliceMs: REQUEST_SLICE_MS,
          maxWaiting: MAX_WAITING_REQUESTS,
          // A client may send a burst of requests and then as many rejected ones, before it is
          // closed.
          maxWaitingOfClient: 2 * eventBurst + eventsPerSecond,
        });
        metrics.onScrape(() => metrics.requestsWaiting.set(queue.waiting));
        return queue;
      },
    },
    {
      provide: SOCKET_SERVER,
      inject: [GatewayConfig, TransportMetrics, FanoutReport, ADAPTER_FACTORY, CLOCK],
      useFactory: (
        config: GatewayConfig,
        metrics: TransportMetrics,
        report: FanoutReport,
        createBase: AdapterFactory,
        clock: CpuClock,
      ) => {
        const base = createBase((reason) => metrics.adapterDropped.inc({ reason }));
        const { writer: batchWriter, problem } = batchWriterFor(config);
        report.writesNatively(problem);
        const encodingsOf = linkEncodings(config.compressAboveBytes || Infinity, config.feedRules.offsetOf);
        const adapter = fanoutAdapter(base, {
          createEngine: () =>
            new FanoutEngine({
              clock,
              maxDelayMs: config.flushMaxDelayMs,
              conflateAboveBytes: config.conflateAboveBytes,
              maxWaitingBytes: config.maxClientBufferBytes,
              stallTimeoutMs: config.slowClientTimeoutMs,
              laggingFrame,
              closingFrame,
              observer: report,
              batchWriter,
            }),
          connect: (connection, listener) => new SocketIoLink(connection, encodingsOf(connection), listener),
          onBroadcast: (event, receivers) => metrics.deliveries.inc({ event }, receivers),
        });
        return createSocketServer(config, adapter);
      },
    },
  ],
  exports: [SOCKET_SERVER, RequestQueue, TransportMetrics],
})
export class SocketIoModule {}

function batchWriterFor({ fanoutNative, tls }: GatewayConfig): NativeBatchWriter {
  if (fanoutNative === 'off') return { problem: 'FANOUT_NATIVE is off' };
  // Bytes written to the descriptor of a TLS connection would bypass the encryption.
  return tls ? { problem: 'the port has TLS' } : loadNativeBatchWriter();
}
