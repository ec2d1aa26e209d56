import type { BackfillParts } from "../../src/backfill/backfill-parts.js";
import { backfillSource } from "../../src/backfill/backfill-source.js";
import type { ItemPages } from "../../src/backfill/item-pages.js";
import { createPace } from "../../src/backfill/pace.js";
import type { Item } from "../../src/change/attribute-value.js";
import { keyText } from "../../src/change/item-key.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import { viewsOf } from "../../src/view/declarations.js";
import { pause, type Process, startProcess } from "./process-under-fault.js";
import { currentItem, itemsOf } from "./quarantined.js";
import type { SourceTable } from "./source-table.js";
import type { World } from "./world.js";

/** Longest time before a read, in which anything may happen beside; and after it. */
const PAUSE_MS = 40;
const STALE_MS = 120;
const RESTART_AFTER_MS = 300;
const PATIENCE_MS = 6_000;

/** Starts the backfill itself, under faults; when it dies, somebody starts it again. */
export function startBackfill(world: World): void {
  const { late, log, clock, backfills, plan } = world;
  const process = startProcess(world.surroundings);
  const number = ++backfills.begun;
  const name = `backfill ${number}`;
  log(() => name);
  late.count++;
  const done = runBackfill(world, process, name).then(
    (finished) => (finished ? "finished" : "to be run again"),
    (thrown: unknown) => String(thrown),
  );
  void Promise.race([done, process.lost])
    .then(async (how) => {
      log(() => `${name}: ${how}`);
      // What is still on its way would land after whatever looks for it, where a table forgets what it deletes.
      if (!plan.settings.tombstones) await process.landed();
      if (how === "finished") {
        // One that was begun before another died may not have seen what that left.
        if (number > backfills.diedBefore) backfills.done = true;
        return;
      }
      backfills.done = false;
      backfills.diedBefore = backfills.begun;
      clock.at(clock.elapsedMs() + RESTART_AFTER_MS, () => {
        if (backfills.begun < MOST_STARTS) startBackfill(world);
      });
    })
    .finally(() => late.count--);
}

/** Whoever starts it again gives up at some time; in the end it is started until it is done. */
const MOST_STARTS = 12;

async function runBackfill(world: World, process: Process, name: string): Promise<boolean> {
  const { items, declarations, plants } = world;
  const seen = new Map<string, Item>();
  const views = viewsOf(declarations, items.table);
  const parts: BackfillParts = {
    sinks: {
      "table-view": process.sink,
      "cache-view": process.sink,
      "aggregate-view": createAggregateSink({ store: process.store }),
    },
    quarantine: process.quarantine,
    state: process.state,
    items: {
      get: async (source, owners) => {
        await pause(process, PAUSE_MS);
        if (!world.plan.settings.tombstones) await process.landed();
        return itemsOf([items]).get(source, owners);
      },
    },
    // Clocks tell whole milliseconds, so that what follows soon has the same time.
    clock: { ...process.clock, nowMs: () => Math.floor(process.clock.nowMs()) },
    pace: createPace({}, process.clock),
    patienceMs: PATIENCE_MS,
  };
  const report = await backfillSource(
    plants.backfill ? plants.backfill(parts, seen) : parts,
    {
      ...{ source: views[0]!.source, views, allViews: views },
      pages: pagesOf(items, process, seen),
      scope: "all",
      segments: 1 + (world.plan.seed % 2),
      restart: false,
      worker: name,
      runId: name.padStart(20, " "),
      inspect: async () => ({
        label: items.streams[items.streams.length - 1]!.label,
        itemsAbout: 0,
      }),
    },
    { isStopping: () => false },
  );
  return report.finished;
}

/** A parallel scan: items in the order of their keys, each page as it is when it is read. */
function pagesOf(table: SourceTable, process: Process, seen: Map<string, Item>): ItemPages {
  return {
    async *pages(segment, segments, after = "") {
      for (let from: string | undefined = after; from !== undefined;) {
        await pause(process, PAUSE_MS);
        const begin: string = from;
        const left = table
          .items()
          .map((item) => keyText(table.keys, item))
          .filter((key) => key > begin && key.charCodeAt(2) % segments === segment)
          .sort();
        const owners = left.slice(0, 2);
        const found = owners.map((owner) => [owner, currentItem(table, owner)!] as const);
        for (const [owner, item] of found) seen.set(owner, item);
        const next = left.length > owners.length ? owners[owners.length - 1] : undefined;
        const common = { owners, items: new Map(found), scanned: owners.length, readUnits: 0 };
        // What was read may be old by the time it is written.
        await pause(process, STALE_MS);
        yield { ...common, ...(next !== undefined && { next }) };
        from = next;
      }
    },
  };
}
