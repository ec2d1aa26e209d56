import { configurationError } from "../errors.js";
import { RESERVED_ATTRIBUTE } from "./key.js";
import type { Source } from "./source.js";
import type { View, ViewSource } from "./view.js";

/** All that a pipeline declares, checked. */
export interface Declarations {
  /** Tables that somebody else writes. */
  readonly sources: readonly Source[];
  readonly views: readonly View[];
}

/**
 * Collects the sources and views among a module's exports, and those the views refer to.
 *
 * @param exports what `pipeline.ts` exports: `import * as pipeline from "./pipeline.js"`.
 * @throws `configuration`, listing every mistake in all declarations together.
 */
export function collectDeclarations(exports: Readonly<Record<string, unknown>>): Declarations {
  const sources = new Set<Source>();
  const views = new Set<View>();
  const visit = (value: unknown): void => {
    if (isSource(value)) sources.add(value);
    if (!isView(value) || views.has(value)) return;
    visit(value.source);
    views.add(value);
  };
  Object.values(exports).forEach(visit);
  const declarations = { sources: [...sources], views: [...views] };
  const mistakes = declarationMistakes(declarations);
  if (mistakes.length > 0) throw configurationError("declarations", mistakes);
  return declarations;
}

/** The views that follow a table, by the table's declared name. */
export function viewsOf(declarations: Declarations, table: string): readonly View[] {
  return declarations.views.filter((view) => view.source.table === table);
}

/** Every table whose stream the views follow: sources, and views that are themselves followed. */
export function followedTables(declarations: Declarations): readonly ViewSource[] {
  return [...new Set(declarations.views.map((view) => view.source))];
}

function isView(value: unknown): value is View {
  const kind = kindOf(value);
  return kind === "table-view" || kind === "cache-view";
}

function isSource(value: unknown): value is Source {
  return kindOf(value) === "source";
}

function kindOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
}

function declarationMistakes({ sources, views }: Declarations): string[] {
  const mistakes = [...sources, ...views].flatMap((declared) => declared.mistakes);
  if (views.length === 0)
    mistakes.push("no view is declared; export at least one tableView or cacheView");
  const names = views.map((view) => view.name);
  for (const name of repeated(names))
    mistakes.push(
      `view "${name}" is declared ${count(names, name)} times; give each view a name of its own`,
    );
  const tables = [...sources, ...views.filter((view) => view.kind === "table-view")].map(
    ({ table }) => table,
  );
  for (const table of repeated(tables)) {
    mistakes.push(
      `table "${table}" is written by two declarations; a view never writes to its source or to another view's table: give it a table of its own`,
    );
  }
  for (const view of views) {
    if (view.filter && RESERVED_ATTRIBUTE in view.filter)
      mistakes.push(
        `view "${view.name}": where names the reserved attribute "${RESERVED_ATTRIBUTE}"`,
      );
    if (kindOf(view.source) !== "source" && kindOf(view.source) !== "table-view") {
      mistakes.push(
        `view "${view.name}": source is ${JSON.stringify(view.source)}; give a source(…) or a tableView(…)`,
      );
    }
  }
  return mistakes;
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}

function count(names: readonly string[], name: string): number {
  return names.filter((other) => other === name).length;
}
