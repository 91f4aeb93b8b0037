/**
 * JSON Schema rules for how the fields of requests depend on each other, which TypeScript types
 * cannot express. They avoid the schemas `true` and `false`, which some model generators cannot
 * handle.
 */

/**
 * `properties` is present because strict validators report a `required` field without it as a
 * mistake.
 */
const NEEDS_SYMBOL = {
  anyOf: [
    { properties: { symbol: {} }, required: ['symbol'] },
    { properties: { symbols: {} }, required: ['symbols'] },
  ],
} as const;

const EXPIRY_OF_CHAINS_ALONE = {
  if: { properties: { type: { const: 'chain' } } },
  else: { properties: { expiry: { not: {} } } },
} as const;

const INTERVAL_OF_HEARTBEATS_ALONE = {
  if: { properties: { type: { const: 'heartbeat' } } },
  else: { properties: { every_ms: { not: {} } } },
} as const;

const COLUMNS_OF_CHAINS_ALONE = {
  if: { properties: { type: { const: 'chain' } } },
  else: { properties: { view: { type: 'object', properties: { mode: { not: {} }, strikes: { not: {} } } } } },
} as const;

const NO_VIEW_OF_OTHERS = {
  if: { properties: { type: { enum: ['portfolio', 'admin', 'heartbeat'] } } },
  then: { properties: { view: { not: {} } } },
} as const;

const SYMBOL_OF_PRODUCTS_AND_CHAINS = {
  if: { properties: { type: { enum: ['general', 'portfolio', 'admin', 'heartbeat'] } } },
  else: NEEDS_SYMBOL,
} as const;

const ROOMS_AND_HEARTBEATS = {
  allOf: [
    SYMBOL_OF_PRODUCTS_AND_CHAINS,
    EXPIRY_OF_CHAINS_ALONE,
    INTERVAL_OF_HEARTBEATS_ALONE,
    COLUMNS_OF_CHAINS_ALONE,
    NO_VIEW_OF_OTHERS,
  ],
} as const;

/** The additional rules of each type, by its name. */
export const REQUEST_RULES = {
  SubscriptionRequest: ROOMS_AND_HEARTBEATS,
  SubscribeRequest: ROOMS_AND_HEARTBEATS,
  HistoryRequest: {
    allOf: [
      {
        if: { properties: { type: { const: 'product' } } },
        else: { properties: { resolution: { const: 'raw' } } },
      },
      {
        if: { properties: { type: { enum: ['summary', 'opening'] } } },
        else: { properties: { expiry: { not: {} } } },
      },
      {
        if: { properties: { type: { const: 'opening' } } },
        then: {
          properties: { from: { not: {} }, to: { not: {} }, limit: { not: {} }, cursor: { not: {} } },
        },
      },
      {
        if: { properties: { type: { const: 'portfolio' } } },
        then: { properties: { symbol: { not: {} } } },
        else: { properties: { symbol: {} }, required: ['symbol'] },
      },
    ],
  },
  SnapshotRequest: {
    allOf: [
      SYMBOL_OF_PRODUCTS_AND_CHAINS,
      EXPIRY_OF_CHAINS_ALONE,
      COLUMNS_OF_CHAINS_ALONE,
      NO_VIEW_OF_OTHERS,
    ],
  },
} as const;
