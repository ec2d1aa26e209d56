import { configurationError } from "../errors.js";
import { type Declarations, isNotification, viewsOf } from "../view/declarations.js";
import { selectView } from "../view/select-views.js";
import type { View, ViewSource } from "../view/view.js";

/** Views of one source that are to be backfilled. */
export interface ChosenViews {
  readonly source: ViewSource;
  readonly views: readonly View[];
  /** All views of the source that can be, chosen or not. */
  readonly allViews: readonly View[];
}

/**
 * The views that have these names, by their source; a view before those that follow it. A name alone is the newest version.
 *
 * @throws `configuration` for a name that no view has, and for views that only tell of changes.
 */
export function chooseViews(
  declarations: Declarations,
  names: readonly string[],
): readonly ChosenViews[] {
  const { views } = declarations;
  const known = views.map(({ name }) => name);
  const mistakes = names.flatMap((name) => {
    const view = selectView(views, name);
    if (!view) return [`there is no view "${name}"; there are ${known.join(", ")}`];
    if (isNotification(view))
      return [`view "${name}" tells of changes as they happen, so there is nothing to backfill`];
    return [];
  });
  if (names.length === 0) mistakes.push(`name the views: ${known.join(", ")}`);
  if (mistakes.length > 0) throw configurationError("backfill", mistakes);
  const wanted = names.map((name) => selectView(views, name));
  const chosen = views.filter((view) => wanted.includes(view));
  const sources = [...new Set(chosen.map(({ source }) => source))];
  return sources.map((source) => ({
    source,
    views: chosen.filter((view) => view.source === source),
    allViews: viewsOf(declarations, source.table).filter((view) => !isNotification(view)),
  }));
}
