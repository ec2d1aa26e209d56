import { configurationError } from "../errors.js";
import { RESERVED_ATTRIBUTES } from "./key.js";
import type { Source } from "./source.js";
import type { StoredView, View, ViewSource } from "./view.js";
import { parseViewName } from "./view-name.js";

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
  return kind === "table-view" || kind === "aggregate-view" || kind === "cache-view";
}

/** Whether a view is kept in a table, so that others can follow it. */
export function isStored(view: View): view is StoredView {
  return view.kind === "table-view" || view.kind === "aggregate-view";
}

/** Whether a view only tells of changes as they happen, and keeps nothing that could be backfilled or compared. */
export function isNotification(view: View): boolean {
  return view.kind === "cache-view" && (view.type === "stream" || view.type === "channel");
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
    mistakes.push("no view is declared; export at least one tableView, aggregateView or cacheView");
  return [
    ...mistakes,
    ...nameMistakes(views.map(({ name }) => name)),
    ...versionMistakes(views),
    ...tableMistakes(sources, views),
    ...views.flatMap(viewMistakes),
  ];
}

function nameMistakes(names: readonly string[]): string[] {
  return repeated(names).map(
    (name) =>
      `view "${name}" is declared ${count(names, name)} times; give each view a name of its own, or each a version`,
  );
}

/** Whoever reads a view reads any of its versions in the same way. */
function versionMistakes(views: readonly View[]): string[] {
  const names = [...new Set(views.map((view) => parseViewName(view.name).view))];
  return names.flatMap((name) => {
    const versions = views.filter((view) => parseViewName(view.name).view === name);
    const kinds = new Set(
      versions.map((view) =>
        view.kind === "cache-view" ? `${view.kind} of type ${view.type}` : view.kind,
      ),
    );
    // Two views of one name and version are a mistake of another kind.
    const areVersions = new Set(versions.map((view) => view.name)).size > 1;
    if (!areVersions || kinds.size === 1) return [];
    return [
      `the versions of view "${name}" are of different kinds, ${[...kinds].join(" and ")}; give one of them another name`,
    ];
  });
}

/** Rule V10: since a view's source is declared before it, a cycle needs a table that two declarations name. */
function tableMistakes(sources: readonly Source[], views: readonly View[]): string[] {
  const read = sources.map(({ table }) => table);
  const written = views
    .filter(isStored)
    .flatMap((view) => [
      { name: view.name, table: view.table },
      ...(view.kind === "aggregate-view" ? [{ name: view.name, table: view.workingsTable }] : []),
    ]);
  const twice = repeated(read).map(
    (table) =>
      `source "${table}" is declared ${count(read, table)} times; declare a table once and share it`,
  );
  const own = written
    .filter(({ table }) => read.includes(table))
    .map(
      ({ name, table }) =>
        `view "${name}" writes table "${table}", which is a source: a view never writes to its own source, nor in a cycle; give it a table of its own, or give the view itself as the source of others`,
    );
  const shared = repeated(written.map(({ table }) => table)).flatMap((table) => {
    const names = new Set(written.filter((view) => view.table === table).map(({ name }) => name));
    if (names.size < 2) return [];
    const writers = [...names].map((name) => `"${name}"`).join(" and ");
    return [`table "${table}" is written by views ${writers}; give each a table of its own`];
  });
  return [...twice, ...own, ...shared];
}

function viewMistakes(view: View): string[] {
  const mistakes: string[] = [];
  for (const name of RESERVED_ATTRIBUTES) {
    if (view.filter && name in view.filter)
      mistakes.push(`view "${view.name}": where names the reserved attribute "${name}"`);
  }
  const source: unknown = view.source;
  if (isSource(source) || (isView(source) && isStored(source))) return mistakes;
  const found = isView(source)
    ? `the cache view "${source.name}", which has no stream`
    : (JSON.stringify(source) ?? "missing");
  return [
    ...mistakes,
    `view "${view.name}": source is ${found}; give a source(…), a tableView(…) or an aggregateView(…)`,
  ];
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}

function count(names: readonly string[], name: string): number {
  return names.filter((other) => other === name).length;
}
