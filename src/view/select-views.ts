import { MillraceError } from "../errors.js";
import type { View } from "./view.js";

/**
 * The views with these names, in the order they are declared in; all where no name is given.
 *
 * @throws `configuration` when a view is not declared, listing those that are.
 */
export function selectViews(views: readonly View[], names: readonly string[]): readonly View[] {
  const unknown = names.filter((name) => !views.some((view) => view.name === name));
  if (unknown.length > 0) {
    const told = unknown.map((name) => `"${name}"`).join(", ");
    const known = views.map(({ name }) => name).join(", ");
    throw new MillraceError("configuration", `no view is named ${told}; there are: ${known}`);
  }
  return names.length === 0 ? views : views.filter(({ name }) => names.includes(name));
}
