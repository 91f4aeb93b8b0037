import type { ChainMessage } from '../feed/market-message.js';
import { tagOf } from './content-tags.js';
import { csvTable, csvText, csvValue } from './csv.js';
import { rawItems, rawMembers } from './raw-json.js';
import type { Representation } from './representation.js';
import type { OptionChainStatus } from './rest-payloads.js';

/**
 * The columns that are fields of an option, after its strike and type. Fields that only some
 * producer knows are not among them, so that the columns of a table never change.
 */
const OPTION_FIELDS = [
  'symbol',
  'bid',
  'ask',
  'last',
  'volume',
  'open_interest',
  'iv',
  'delta',
  'gamma',
  'vega',
  'theta',
] as const;

const HEADER = [
  'product',
  'expiry',
  'timestamp',
  'status',
  'spot_price',
  'strike',
  'option_type',
  ...OPTION_FIELDS,
];

/** The options of each list of a chain, with the type that the contract gives them. */
const SIDES = [
  ['calls', 'CALL'],
  ['puts', 'PUT'],
] as const;

/** An option chain, and whether it is still being updated. */
export interface ChainWithStatus {
  readonly message: ChainMessage;
  readonly status: OptionChainStatus;
}

export function chainRepresentation({ message, status }: ChainWithStatus): Representation {
  const { product, expiry, ...freshness } = status;
  const fields = JSON.stringify(freshness);
  return {
    fileName: `${product}-${expiry}`,
    isShared: true,
    content: [fields, tagOf(message)],
    json: () => `{"chain":${message.payload.text},${fields.slice(1)}`,
    csv: () => csvTable(HEADER, rowsOf({ message, status })),
  };
}

/**
 * @param known the number of chains that exist
 */
export function chainsRepresentation(
  product: string,
  chains: readonly ChainWithStatus[],
  known: number,
): Representation {
  const statuses = JSON.stringify(chains.map(({ status }) => status));
  const rest = known > chains.length ? `,"available":${known}` : '';
  return {
    fileName: product,
    isShared: true,
    content: [statuses, rest, ...chains.map(({ message }) => tagOf(message))],
    json: () =>
      `{"chains":[${chains.map(({ message }) => message.payload.text).join()}],"statuses":${statuses}${rest}}`,
    csv: () => csvTable(HEADER, chains.flatMap(rowsOf)),
  };
}

/** One row for each option: first the calls, then the puts, each in the order of the chain. */
function rowsOf({ message: { product, expiry, payload }, status: { status } }: ChainWithStatus): string[][] {
  const chain = rawMembers(payload.text);
  const ofChain = [csvText(product), expiry, csvValue(chain.get('timestamp')), status];
  const spot = csvValue(chain.get('spot_price'));
  return SIDES.flatMap(([side, type]) =>
    rawItems(chain.get(side) ?? '[]').map((option) => {
      const fields = rawMembers(option);
      const values = OPTION_FIELDS.map((field) => csvValue(fields.get(field)));
      return [...ofChain, spot, csvValue(fields.get('strike')), type, ...values];
    }),
  );
}
