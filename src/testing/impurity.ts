import type { Item } from "../change/attribute-value.js";
import { canonicalText } from "../view/canonical-text.js";
import type { View } from "../view/view.js";

/**
 * Says in which way a view's functions are not pure, asked about these items; nothing where they seem to be.
 *
 * They are asked twice, the second time a year later by `Date`, and must say the same and leave the item as it was:
 * a row that depends on more than its item cannot be found again to be deleted (SPEC A5).
 */
export function impurityOf(view: View, items: Iterable<Item>): string | undefined {
  for (const item of items) {
    const before = canonicalText(item);
    const first = canonicalText(view.rowsOf(item));
    if (canonicalText(item) !== before) return told(view, "changes the item it is given", before);
    const second = canonicalText(aYearLater(() => view.rowsOf(item)));
    if (first !== second)
      return told(view, `derives ${first} once and ${second} another time`, before);
  }
  return undefined;
}

function told({ name }: View, fault: string, item: string): string {
  return (
    `view "${name}" is not deterministic: it ${fault}; the item is ${item}. ` +
    "Let its functions depend on the item alone: no clock, no chance, nothing outside"
  );
}

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** Calls something that takes no time with the clock put forward. */
function aYearLater<T>(call: () => T): T {
  const Present = globalThis.Date;
  // A function and not a class, because Date may be called without `new`.
  globalThis.Date = new Proxy(Present, {
    construct: (target, args: [number]) =>
      args.length > 0 ? new target(...args) : new target(target.now() + YEAR_MS),
    apply: (target) => new target(target.now() + YEAR_MS).toString(),
    get: (target, name) =>
      name === "now" ? () => target.now() + YEAR_MS : (Reflect.get(target, name) as unknown),
  });
  try {
    return call();
  } finally {
    globalThis.Date = Present;
  }
}
