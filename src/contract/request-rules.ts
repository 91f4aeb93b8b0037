/** What the types of requests cannot say of how their fields go together, as JSON Schema. */

const NEEDS_SYMBOL = { anyOf: [{ required: ['symbol'] }, { required: ['symbols'] }] } as const;

const EXPIRY_OF_CHAINS_ALONE = {
  if: { properties: { type: { const: 'chain' } } },
  else: { properties: { expiry: false } },
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
