import { configurationError } from "../../errors.js";
import { ANY_VIEW } from "../../state/quarantine.js";
import type { Declarations } from "../../view/declarations.js";

/** Key text of an item as somebody types it: a JSON array as Millrace writes it, or one plain value for a key of text. */
export function typedItemKey(typed: string): string {
  try {
    const parsed: unknown = JSON.parse(typed);
    if (Array.isArray(parsed)) return JSON.stringify(parsed);
  } catch {
    // A plain text.
  }
  return JSON.stringify([typed]);
}

/** @throws `configuration` naming the views there are, for a name that is none of them. */
export function requireView({ views }: Declarations, name: string | undefined): void {
  if (name === undefined || name === ANY_VIEW || views.some((view) => view.name === name)) return;
  const known = views.map((view) => view.name).join(", ");
  throw configurationError("view", [
    `there is no view "${name}"; there are ${known}, and "*" for records that could not be read`,
  ]);
}
