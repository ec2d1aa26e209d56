import type { Item } from "../../src/change/attribute-value.js";
import { keyText } from "../../src/change/item-key.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import type { Sink, StoredRow } from "../../src/sink/sink.js";
import type { SourceItems } from "../../src/upkeep/source-items.js";
import { createMemoryPartitions } from "../../src/verify/partitions.js";
import type { Holder, VerifyPorts } from "../../src/verify/ports.js";
import { verify } from "../../src/verify/verify.js";
import type { View } from "../../src/view/view.js";
import { pause, type Process, startProcess } from "./process-under-fault.js";
import { currentItem, itemsOf } from "./quarantined.js";
import type { World } from "./world.js";

/** Longest time before a look, and between a look and what follows from it. */
const PAUSE_MS = 10;
const STALE_MS = 200;
/** Between two looks: shorter than the views may be behind, so that the innocent are accused, too. */
const SETTLE_MS = 15;
const RESTART_AFTER_MS = 200;
/** Whoever starts it again gives up at some time; in the end it is started until it is done. */
const MOST_STARTS = 12;

/**
 * Starts `verify --repair` itself, under faults; when it dies, or leaves something, somebody starts it again.
 *
 * What was planted is right once a run is at its end that found nothing it could not put right, and was begun after the
 * last corruption, and after the last death of another: one that dies may leave a row between its put and the reading
 * that follows. No run follows such a one, so that what it broke beside the stream is not put right by a later one.
 */
export function startRepair(world: World): void {
  const { log, late, clock, repairs, plan } = world;
  const seen = new Map<string, string | undefined>();
  const sink = watched(world, seen);
  const process = startProcess({ ...world.surroundings, sink });
  const number = ++repairs.begun;
  log(() => `repair ${number}`);
  late.count++;
  const done = runRepair(world, process, seen).then(
    (isClean) => (isClean ? "clean" : "left something"),
    (thrown: unknown) => String(thrown),
  );
  void Promise.race([done, process.lost])
    .then(async (how) => {
      log(() => `repair ${number}: ${how}`);
      if (!plan.settings.tombstones) await process.landed();
      if (how === "clean") {
        if (number > repairs.troubleAt) repairs.done = true;
        return;
      }
      repairs.done = false;
      // One that left something has come to its end, and nothing is half done.
      if (how !== "left something") repairs.troubleAt = repairs.begun;
      clock.at(clock.elapsedMs() + RESTART_AFTER_MS, () => {
        if (repairs.begun < MOST_STARTS) startRepair(world);
      });
    })
    .finally(() => late.count--);
}

async function runRepair(
  world: World,
  process: Process,
  seen: Map<string, string | undefined>,
): Promise<boolean> {
  const { declarations, plants } = world;
  const ports = portsOf(world, process, seen);
  const { ok, views } = await verify((plants.repair ?? ((own) => own))(ports), declarations, {
    views: declarations.views,
    repair: true,
    settleMs: SETTLE_MS,
  });
  return ok && views.every(({ busy }) => busy === 0);
}

function portsOf(
  world: World,
  process: Process,
  seen: Map<string, string | undefined>,
): VerifyPorts {
  const holder = holderOf(process, seen);
  return {
    source: sourceOf(world, process),
    tables: process.sink,
    heldTables: { ...holder, removeForeign: async () => undefined },
    groups: createAggregateSink({ store: process.store }),
    store: process.store,
    cache: process.sink,
    heldCache: {
      ...holder,
      shown: async () => [],
      contributions: async () => [],
      cutOff: async () => undefined,
      rebuild: async () => undefined,
      asRead: (_view, value) => value,
      isKept: () => true,
      fingerprint: (owner) => owner,
    },
    quarantine: process.quarantine,
    partitions: createMemoryPartitions,
    // Clocks tell whole milliseconds, so that what follows soon has the same time.
    nowMs: () => Math.floor(process.clock.nowMs()),
    sleep: (ms) => process.clock.sleep(ms),
  };
}

/** Rows as they are held; what was seen of one may be old by the time something follows from it. */
function holderOf(process: Process, seen: Map<string, string | undefined>): Holder<View> {
  return {
    scan: (view) => process.sink.scan(view),
    async get(view, key) {
      await pause(process, PAUSE_MS);
      const row = await process.sink.get(view, key);
      seen.set(placeOf(view, key), row?.version);
      await pause(process, STALE_MS);
      return row;
    },
  };
}

/** Says so when a correction meets another version than the one that was seen (SPEC N24). */
function watched({ sink, harm }: World, seen: ReadonlyMap<string, string | undefined>): Sink {
  return {
    ...sink,
    correct: async (mutations) => {
      const before: (StoredRow | undefined)[] = [];
      for (const { view, key } of mutations) before.push(await sink.get(view, key));
      const results = await sink.correct(mutations);
      mutations.forEach(({ view, key }, i) => {
        const result = results[i];
        if (result?.outcome !== "applied") return;
        if (before[i]?.version !== seen.get(placeOf(view, key)))
          harm.push(`view "${view.name}", row ${key}: repair overwrote what it had not seen`);
      });
      return results;
    },
  };
}

function sourceOf(world: World, process: Process): SourceItems {
  const tables = [world.items, world.rows, world.totals];
  const tableOf = (table: string) => tables.find((each) => each.table === table)!;
  return {
    streamLabel: async ({ table }) => {
      const { streams } = tableOf(table);
      return streams[streams.length - 1]!.label;
    },
    async *scan({ table }, { index, total }) {
      await pause(process, PAUSE_MS);
      const source = tableOf(table);
      const own = source
        .items()
        .map((item) => keyText(source.keys, item))
        .filter((owner) => owner.charCodeAt(2) % total === index);
      const items = own.flatMap((owner) => {
        const item: Item | undefined = currentItem(source, owner);
        return item ? [{ owner, item }] : [];
      });
      yield { items, scanned: own.length, readUnits: 0 };
    },
    async get(source, owners) {
      await pause(process, PAUSE_MS);
      if (!world.plan.settings.tombstones) await process.landed();
      return itemsOf(tables).get(source, owners);
    },
  };
}

function placeOf({ name }: View, key: string): string {
  return `${name} ${key}`;
}
