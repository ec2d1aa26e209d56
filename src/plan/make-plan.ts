import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { neededTables } from "../dynamodb/needed-tables.js";
import { MillraceError } from "../errors.js";
import type { ProgressStore, SourceProgress } from "../state/progress.js";
import { STATE_TABLE } from "../state/state-table.js";
import type { ViewRecords } from "../state/view-records.js";
import type { Declarations } from "../view/declarations.js";
import type { View } from "../view/view.js";
import { parseViewName } from "../view/view-name.js";
import { type PlannedChange, plannedChanges, type ViewState } from "./changes.js";
import { ASSUMPTIONS, costOf, type SourceCost } from "./cost.js";
import type { Prices } from "./prices.js";
import { type DeclaredRates, ratesOf } from "./rates.js";
import { inspectTable, type TableState } from "./table-state.js";

/** What {@link makePlan} looks through. */
export interface Planner {
  readonly client: DynamoDBClient;
  readonly records: Pick<ViewRecords, "definition">;
  readonly progress: Pick<ProgressStore, "read">;
  /** The name DynamoDB knows a declared table by. */
  readonly physicalName: (table: string) => string;
  /** Name of the state table. */
  readonly stateTable: string;
  readonly nowMs: () => number;
}

/** What the declarations would change, and what they cost. */
export interface Plan {
  /** Whether there is nothing to do. */
  readonly ok: boolean;
  readonly changes: readonly PlannedChange[];
  readonly costs: readonly SourceCost[];
  readonly prices: Prices;
  readonly assumptions: readonly string[];
}

/**
 * Compares declarations with what there is, and reckons what they cost; changes nothing.
 *
 * @throws `configuration` where rates are given for views that there are not.
 */
export async function makePlan(
  planner: Planner,
  declarations: Declarations,
  rates: DeclaredRates,
  prices: Prices,
): Promise<Plan> {
  const { client, physicalName, stateTable } = planner;
  requireKnown(declarations.views, rates);
  const needed = neededTables(declarations).map((definition) =>
    inspectTable(client, definition, physicalName(definition.table)),
  );
  const state = inspectTable(client, { ...STATE_TABLE, table: stateTable }, stateTable);
  const tables: readonly TableState[] = await Promise.all([...needed, state]);
  const hasState = (await state).found !== undefined;
  const changes = plannedChanges(
    tables,
    await Promise.all(declarations.views.map((view) => viewState(planner, view, hasState))),
  );
  const sources = [...new Set(declarations.views.map((view) => view.source.table))];
  const costs = sources.map(async (source) => {
    const own = declarations.views.filter((view) => view.source.table === source);
    const { functions } = hasState ? await planner.progress.read(source) : NOTHING;
    return costOf(source, own, ratesOf(own, functions, rates, planner.nowMs()), prices);
  });
  return {
    ok: changes.length === 0,
    changes,
    costs: await Promise.all(costs),
    prices,
    assumptions: ASSUMPTIONS,
  };
}

const NOTHING: SourceProgress = { functions: [], mendedAtMs: {} };

async function viewState({ records }: Planner, view: View, hasState: boolean): Promise<ViewState> {
  const recorded = hasState ? await records.definition(parseViewName(view.name)) : undefined;
  return { view, ...(recorded && { recorded }) };
}

function requireKnown(views: readonly View[], { writesPerChange = {} }: DeclaredRates): void {
  const names = views.map(({ name }) => name);
  const unknown = Object.keys(writesPerChange).filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new MillraceError(
      "configuration",
      `no view is named "${unknown.join('", "')}"; there are: ${names.join(", ")}`,
    );
}
