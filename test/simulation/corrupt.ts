import type { WireItem } from "../../src/change/attribute-value.js";
import { keyText } from "../../src/change/item-key.js";
import { readVersion } from "../../src/change/version.js";
import type { Place } from "../../src/sink/aggregate/store.js";
import {
  contributionPlace,
  decodeContribution,
  encodeContribution,
  isContribution,
  workingsPart,
} from "../../src/sink/aggregate/workings.js";
import type { StoredRow } from "../../src/sink/sink.js";
import type { AggregateView } from "../../src/view/aggregate/aggregate-view.js";
import type { CacheView } from "../../src/view/cache-view.js";
import type { TableView } from "../../src/view/table-view.js";
import type { Random } from "./random.js";
import type { World } from "./world.js";

const NOBODY = '["nobody"]';

/** Somebody with a console makes one thing of a view wrong, knowing nothing of versions. */
export async function corrupt(world: World): Promise<void> {
  const random = world.random.fork(`corruption ${world.repairs.planted++}`);
  const view = random.pick(world.declarations.views);
  const what =
    view.kind === "aggregate-view"
      ? await corruptGroup(world, view, random)
      : await corruptRow(world, view, random);
  world.log(() => `corrupts ${view.name}: ${what}`);
  world.repairs.done = false;
  world.repairs.troubleAt = world.repairs.begun;
}

async function corruptRow(
  { sink, items, plan }: World,
  view: TableView | CacheView,
  random: Random,
): Promise<string> {
  const rows: StoredRow[] = [];
  for await (const row of sink.scan(view)) rows.push(row);
  // An entry that nobody derives is told by the stream of its version, so not where another stream takes its place.
  const mayBeNobodys =
    view.kind === "table-view" || plan.faults.every((fault) => fault.kind !== "stream re-created");
  const kinds = ["missing", "different", ...(mayBeNobodys ? ["extra"] : [])];
  const kind = random.pick(kinds);
  const row = rows.sort((a, b) => (a.key < b.key ? -1 : 1))[random.below(rows.length)];
  if (row?.value && kind !== "extra") {
    const { key, version, owner, value } = row;
    const type = kind === "missing" ? "delete" : "put";
    const wrong = { ...value, amount: 666, wrong: true };
    await sink.correct([
      { ...{ type, view, key, version, owner }, value: wrong, changedAtSeconds: 1 },
    ]);
    return `${kind} ${key}`;
  }
  if (!mayBeNobodys) return "nothing there";
  const names = view.kind === "table-view" ? view.key.map(({ name }) => name) : [];
  const value = {
    amount: 1,
    ...Object.fromEntries(names.map((name) => [name, `nobody ${view.name}`])),
  };
  const key =
    view.kind === "table-view"
      ? keyText(names, value)
      : `${view.name === "hot" ? "hot" : "card"}:nobody`;
  const version = readVersion(items.streams[0]!.label, 1);
  await sink.apply([
    { ...{ type: "put", view, key, version, value }, owner: NOBODY, changedAtSeconds: 1 },
  ]);
  return `extra ${key}`;
}

async function corruptGroup(
  { store }: World,
  view: AggregateView,
  random: Random,
): Promise<string> {
  const kind = random.pick(["counter", "contribution", "row"]);
  const table = kind === "row" ? view.table : view.workingsTable;
  const found: WireItem[] = [];
  for await (const wire of store.scan(table))
    if (
      kind === "row" ||
      (kind === "counter" ? workingsPart(view, wire).type === "counter" : isContribution(wire))
    )
      found.push(wire);
  const wire = found.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))[
    random.below(found.length)
  ];
  if (!wire) return "nothing there";
  if (kind === "contribution") {
    const contribution = { ...decodeContribution(wire), left: [] };
    const attributes = encodeContribution(contribution, 1);
    await store.write({ type: "put", ...contributionPlace(view, NOBODY), attributes });
    return `contribution of ${NOBODY}`;
  }
  const names = kind === "row" ? view.key.map(({ name }) => name) : ["pk", "sk"];
  const key = Object.fromEntries(names.map((name) => [name, wire[name]])) as Place["key"];
  const numbers = Object.keys(wire).filter(
    (name) => wire[name]?.N !== undefined && (kind === "row" || /^(of|sum|count) /.test(name)),
  );
  const number = numbers.sort()[random.below(numbers.length)];
  if (number === undefined) return "no number there";
  await store.write({ type: "add", table, key, numbers: { [number]: "7" } });
  return `${kind} ${JSON.stringify(key)} ${number}`;
}
