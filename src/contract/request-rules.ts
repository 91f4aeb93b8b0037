/**
 * What the types of requests cannot say of how their fields go together, as JSON Schema. Without the schemas `true` and
 * `false`, which generators of models fail at.
 */

/** With `properties`, without which strict validators take `required` for a slip of the pen. */
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

/** By the name of the type: what its schema has beside the fields. */
export const REQUEST_RULES = {
  SubscriptionRequest: {
    allOf: [
      { if: { properties: { type: { const: 'general' } } }, else: NEEDS_SYMBOL },
      EXPIRY_OF_CHAINS_ALONE,
    ],
  },
  SnapshotRequest: { allOf: [NEEDS_SYMBOL, EXPIRY_OF_CHAINS_ALONE] },
} as const;
