/**
 * Dollars, of AWS's public price lists for us-east-1, on demand, arm64, as of 2026.
 *
 * Sources: https://aws.amazon.com/dynamodb/pricing/on-demand/, https://aws.amazon.com/lambda/pricing/
 */
export const PRICES = {
  /** A million write request units: 1 KB each, twice in a transaction. */
  writes: 0.625,
  /** A million read request units: 4 KB each, strongly consistent. */
  reads: 0.125,
  /** A million invocations. */
  requests: 0.2,
  /** A GB second of a function. */
  gbSecond: 0.0000133334,
} as const;

/** What things cost, by name. */
export type Prices = { readonly [Name in keyof typeof PRICES]: number };
