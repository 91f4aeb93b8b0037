import type { UnderlyingMessage } from '../feed/market-message.js';
import { tagOf } from './content-tags.js';
import { csvTable, csvText, csvValue } from './csv.js';
import { rawMembers } from './raw-json.js';
import type { Representation } from './representation.js';
import type { PriceStatus } from './rest-payloads.js';

/** The columns that are fields of a price; `product` is before them, and `status` behind them. */
const FIELDS = ['price', 'timestamp', 'processed_at'] as const;

/** A product that was asked for. */
export interface AskedPrice {
  /** Undefined if no price is known. */
  readonly message: UnderlyingMessage | undefined;
  readonly status: PriceStatus;
}

/** The CSV has one row for each product that was asked for. Without a price, its fields are empty. */
export function pricesRepresentation(asked: readonly AskedPrice[]): Representation {
  const messages = asked.flatMap(({ message }) => message ?? []);
  const statuses = JSON.stringify(asked.map(({ status }) => status));
  return {
    fileName: 'prices',
    isShared: false,
    content: [statuses, ...messages.map(tagOf)],
    json: () => `{"prices":[${messages.map(({ payload }) => payload.text).join()}],"statuses":${statuses}}`,
    csv: () => csvTable(['product', ...FIELDS, 'status'], asked.map(rowOf)),
  };
}

function rowOf({ message, status: { product, status } }: AskedPrice): string[] {
  const fields = message && rawMembers(message.payload.text);
  return [csvText(product), ...FIELDS.map((field) => csvValue(fields?.get(field))), status];
}
