import { encodeItem, itemSizeBytes } from "../change/encode-item.js";
import { unreachable } from "../errors.js";
import type { Row } from "../view/row.js";
import type { View } from "../view/view.js";

/** Bytes that a row's bookkeeping adds to it: version, owner, shape. */
const BOOKKEEPING_BYTES = 130;

/** What a row has before it is known to be one that a sink can hold. */
const UNIT_BYTES = 1024;

/**
 * Write units that putting a row takes, about; none in the cache.
 *
 * A contribution is put in a transaction, which costs two units for one, and changes at most one counter a group, two
 * units again; what many contributions change together in a group costs less.
 */
export function writeUnits(view: View, { value }: Pick<Row, "value">): number {
  switch (view.kind) {
    case "table-view":
      return unitsOf(value);
    case "aggregate-view":
      return 2 * unitsOf(value) + 2;
    case "cache-view":
      return 0;
    default:
      return unreachable(view);
  }
}

function unitsOf(value: Row["value"]): number {
  try {
    return Math.ceil((itemSizeBytes(encodeItem(value)) + BOOKKEEPING_BYTES) / UNIT_BYTES);
  } catch {
    // What no table can hold is refused without taking any.
    return 1;
  }
}
