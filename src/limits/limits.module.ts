import { Global, Module } from '@nestjs/common';
import { HandshakeGate } from './handshake-gate.js';
import { OverloadWatch } from './overload-watch.js';

/** Keeps away what would be too much for the clients that are here. */
@Global()
@Module({ providers: [HandshakeGate, OverloadWatch], exports: [HandshakeGate] })
export class LimitsModule {}
