import type { Item, WireItem } from "../../change/attribute-value.js";
import { decodeItem } from "../../change/attribute-value.js";
import type { EncodedItem } from "../../change/encode-item.js";
import { parseVersion } from "../../change/version.js";
import { MillraceError } from "../../errors.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import type { StoredRow } from "../sink.js";

/** The bookkeeping a row carries beside its own attributes, in one map under the reserved name. */
export interface Bookkeeping {
  readonly version: string;
  readonly owner: string;
  readonly deleted: boolean;
  /** Stands for the names of the row's attributes; there for a row, not for a tombstone. */
  readonly shape?: string;
}

/** Writes a row's bookkeeping: `v` version, `k` key of the source item, `s` shape, `d` true for a tombstone. */
export function encodeBookkeeping({
  version,
  owner,
  deleted,
  shape,
}: Bookkeeping): EncodedItem[string] {
  return {
    M: {
      v: { S: version },
      k: { S: owner },
      ...(shape !== undefined && { s: { S: shape } }),
      ...(deleted && { d: { BOOL: true } }),
    },
  };
}

/** Reads a row's bookkeeping back; `undefined` where the item carries none, so that Millrace did not write it. */
export function decodeBookkeeping(wire: WireItem): Bookkeeping | undefined {
  const fields = wire[RESERVED_ATTRIBUTE]?.M;
  if (fields?.["v"]?.S === undefined || fields["k"]?.S === undefined) return undefined;
  return { version: fields["v"].S, owner: fields["k"].S, deleted: fields["d"]?.BOOL === true };
}

/**
 * An item of a view's table as a row: its own attributes apart from the bookkeeping.
 *
 * @throws `refused` when Millrace did not write the item.
 */
export function storedRow(table: string, key: string, wire: WireItem): StoredRow {
  const kept = decodeBookkeeping(wire);
  if (!kept) throw foreignItem(table, key);
  const { [RESERVED_ATTRIBUTE]: _bookkeeping, [TTL_ATTRIBUTE]: _ttl, ...rest } = wire;
  const value: Item = decodeItem(rest);
  return {
    key,
    version: parseVersion(kept.version),
    owner: kept.owner,
    ...(!kept.deleted && { value }),
  };
}

/** Somebody else wrote an item into a view's table. */
export function foreignItem(table: string, key: string): MillraceError {
  return new MillraceError(
    "refused",
    `table "${table}" holds an item ${key} that Millrace did not write; delete it, or give the view a table of its own`,
  );
}
