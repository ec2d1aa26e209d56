/** Where a row keeps its version and the key of the item it came from; no row may use the name. */
export const RESERVED_ATTRIBUTE = "_millrace";

/** When a tombstone in a table expires, Unix seconds; the attribute that DynamoDB's time to live watches. */
export const TTL_ATTRIBUTE = "_millrace_ttl";
