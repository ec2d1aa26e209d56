import { MillraceError } from "../errors.js";
import type { View } from "./view.js";
import { parseViewName } from "./view-name.js";

/**
 * The views with these names, in the order they are declared in; all where no name is given. A name alone is the newest
 * of its versions, `name@1` the first.
 *
 * @throws `configuration` when a view is not declared, listing those that are.
 */
export function selectViews(views: readonly View[], names: readonly string[]): readonly View[] {
  const selected = names.map((name) => ({ name, view: selectView(views, name) }));
  const unknown = selected.filter(({ view }) => view === undefined).map(({ name }) => name);
  if (unknown.length > 0) {
    const told = unknown.map((name) => `"${name}"`).join(", ");
    const known = views.map(({ name }) => name).join(", ");
    throw new MillraceError("configuration", `no view is named ${told}; there are: ${known}`);
  }
  const found = selected.map(({ view }) => view);
  return names.length === 0 ? views : views.filter((view) => found.includes(view));
}

/** The versions of a view that are declared, the oldest first. */
export function versionsOf(views: readonly View[], name: string): readonly View[] {
  return views
    .filter((view) => parseViewName(view.name).view === name)
    .sort((one, other) => parseViewName(one.name).version - parseViewName(other.name).version);
}

/** The view with this name: the newest of its versions, or with `@1` the first; `undefined` where none is declared. */
export function selectView(views: readonly View[], name: string): View | undefined {
  const { view: bare, version } = parseViewName(name);
  const versions = versionsOf(views, bare);
  if (!name.includes("@")) return versions.at(-1);
  return versions.find((view) => parseViewName(view.name).version === version);
}
