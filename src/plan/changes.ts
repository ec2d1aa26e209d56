import { changedParts, type RecordedDefinition } from "../state/view-records.js";
import { isStored } from "../view/declarations.js";
import type { View } from "../view/view.js";
import { parseViewName } from "../view/view-name.js";
import type { TableState } from "./table-state.js";

/** What the declarations would create or change, and what has to be done for it. */
export interface PlannedChange {
  readonly kind: "create" | "replace" | "update" | "backfill" | "redefine";
  /** Declared name of the table, or the view's name. */
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
}

/** What is known of a view before a plan is made. */
export interface ViewState {
  readonly view: View;
  /** What its rows were declared as; absent where nobody wrote it down. */
  readonly recorded?: RecordedDefinition;
}

const DEPLOY = "deploy, or start millrace dev";
const NEW_IMAGES = "NEW_AND_OLD_IMAGES";

/** Compares what is declared with what there is; an empty answer means that there is nothing to do. */
export function plannedChanges(
  tables: readonly TableState[],
  views: readonly ViewState[],
): readonly PlannedChange[] {
  return [
    ...tables.flatMap(tableChanges),
    ...views.flatMap(({ view, recorded }) => viewChanges(tables, view, recorded)),
  ];
}

function tableChanges({ definition, name, found }: TableState): PlannedChange[] {
  const { table: subject, key, followed, ttlAttribute } = definition;
  const wanted = key.map((attribute) => `${attribute.name} (${attribute.type})`).join(", ");
  if (!found) {
    const stream = followed ? `, with a stream of ${NEW_IMAGES}` : "";
    const message = `table "${name}" with the key ${wanted}${stream}`;
    return [{ kind: "create", subject, message, remedy: DEPLOY }];
  }
  const changes: PlannedChange[] = [];
  const add = (kind: PlannedChange["kind"], message: string, remedy: string) =>
    changes.push({ kind, subject, message: `table "${name}" ${message}`, remedy });
  if (found.key !== wanted)
    add(
      "replace",
      `has the key ${found.key}, but ${wanted} is declared`,
      "a table's key cannot be changed: give the view a new version, or another table",
    );
  if (followed && found.streamViewType === undefined)
    add("update", "has no stream", `enable it with ${NEW_IMAGES}, then backfill what follows it`);
  else if (followed && found.streamViewType !== NEW_IMAGES)
    add(
      "update",
      `has a stream of ${found.streamViewType}`,
      `disable it, enable it with ${NEW_IMAGES}, then backfill what follows it`,
    );
  if (ttlAttribute !== undefined && found.ttlAttribute !== ttlAttribute)
    add("update", `has no time to live on "${ttlAttribute}"`, `enable it: ${DEPLOY}`);
  return changes;
}

function viewChanges(
  tables: readonly TableState[],
  view: View,
  recorded: RecordedDefinition | undefined,
): PlannedChange[] {
  const { name: subject, source } = view;
  const stateOf = (table: string) =>
    tables.find(({ definition }) => definition.table === table)?.found;
  const hasItems = stateOf(source.table)?.isEmpty === false;
  const isNew = isStored(view) && stateOf(view.table) === undefined;
  if (isNew) {
    if (!hasItems) return [];
    const message = `view "${subject}" is new, and ${source.table} has items`;
    return [{ kind: "backfill", subject, message, remedy: backfill(subject) }];
  }
  if (recorded) {
    const parts = changedParts(recorded.digests, view.definition);
    return parts.length === 0 ? [] : [redefined(subject, parts, recorded)];
  }
  const isUnfilled = !isStored(view) || stateOf(view.table)?.isEmpty === true;
  if (!isUnfilled || !hasItems) return [];
  const message = `view "${subject}" was never backfilled as far as is known, and ${source.table} has items`;
  return [{ kind: "backfill", subject, message, remedy: backfill(subject) }];
}

/**
 * What was written from the stream is newer than what a backfill reads, so that a backfill alone would leave it: only a
 * comparison, or a table of its own, brings rows from one definition to the other.
 */
function redefined(
  subject: string,
  parts: readonly string[],
  { recordedAtMs }: RecordedDefinition,
): PlannedChange {
  const { version } = parseViewName(subject);
  const when = new Date(recordedAtMs).toISOString().slice(0, 10);
  return {
    kind: "redefine",
    subject,
    message: `view "${subject}": ${parts.join(", ")} changed since ${when}; rows from before are of the old definition`,
    remedy: `declare it anew as version ${version + 1} beside the old, or run npx millrace verify --repair ${subject}`,
  };
}

function backfill(view: string): string {
  return `npx millrace backfill ${view}`;
}
