import { MillraceError } from "../errors.js";
import type { Mutation } from "../view/row.js";

/** Two items derive one row (rule V10): names the view, the row and both items. */
export function collisionError(
  mutation: Mutation<{ readonly name: string }>,
  storedOwner: string,
): MillraceError {
  const { view, key, owner } = mutation;
  return new MillraceError(
    "collision",
    `view "${view.name}": items ${storedOwner} and ${owner} both derive the row ${key}; ` +
      "add to the view's key what tells them apart",
    { context: { view: view.name, key } },
  );
}
