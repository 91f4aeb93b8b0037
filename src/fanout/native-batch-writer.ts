import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { messageOf } from '../common/message-of.js';
import type { BatchWriter } from './batch-writer.js';

/** Where `npm run build` puts the addon: seen from the built file, and from the source. */
const PATHS = ['../../native', '../../dist/native'].map((folder) =>
  join(__dirname, folder, 'batch-send.node'),
);

/** A batch writer, or the reason why there is none. */
export type NativeBatchWriter =
  | { readonly writer: BatchWriter; readonly problem?: undefined }
  | { readonly writer?: undefined; readonly problem: string };

/**
 * Loads the addon of `native/batch-send.c`. It is optional: `npm run build` compiles it only on
 * Linux and only if it finds a C compiler, and another system's addon cannot be loaded.
 */
export function loadNativeBatchWriter(paths: readonly string[] = PATHS): NativeBatchWriter {
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) return { problem: 'the addon was not built' };
  try {
    const addon = createRequire(__filename)(path) as Partial<Record<keyof BatchWriter, unknown>>;
    if (typeof addon.send !== 'function' || typeof addon.maxRun !== 'number') {
      return { problem: 'the addon is of another version' };
    }
    return { writer: addon as BatchWriter };
  } catch (error) {
    return { problem: `the addon cannot be loaded: ${messageOf(error)}` };
  }
}
