import { messageOf } from "../../src/errors.js";
import type { Sinks } from "../../src/pipeline/pipeline.js";
import { startBackfill } from "./backfill-process.js";
import { compareWithRecomputation, rowsPastFences, unreasonablyParked } from "./check.js";
import { startContainer } from "./container.js";
import { corrupt } from "./corrupt.js";
import { type Mapping, startMapping } from "./mapping.js";
import type { Plan } from "./plan.js";
import { type Plants, same } from "./plants.js";
import { fencedItems } from "./quarantined.js";
import { startRedrive } from "./redrive.js";
import { startRepair } from "./repair-process.js";
import type { SourceTable } from "./source-table.js";
import { createWorld, type World } from "./world.js";

/** What a run came to. */
export interface Verdict {
  /** Where views differ from their recomputation, or what else is wrong; empty if nothing is. */
  readonly differences: readonly string[];
  /** How often each kind of fault was met. */
  readonly faults: ReadonlyMap<string, number>;
}

/** Runs a plan through the pipeline in virtual time, and compares every view with its recomputation. */
export async function simulate(
  plan: Plan,
  plants: Plants = {},
  print?: (line: string) => void,
): Promise<Verdict> {
  const world = createWorld(plan, plants, print);
  const differences: string[] = [];
  try {
    schedule(world);
    await world.clock.run(() => isQuiet(world));
    // What was there before the stream is in the views only once a backfill has come to its end.
    for (let round = 0; !world.backfills.done; round++) {
      if (round > 20) throw new Error("backfill does not come to an end");
      startBackfill(world);
      await world.clock.run(() => isQuiet(world));
    }
    if (!isQuiet(world)) throw new Error("stuck: nothing is due, and not all is delivered");
    // What was made wrong is wrong until a repair has come to its end.
    if (world.repairs.done) differences.push(...(await inspect(world, "before redrive")));
    world.faults.end();
    for (
      let round = 0;
      (await fencedItems(world.quarantine, sourcesOf(world))).length > 0;
      round++
    ) {
      if (round > 20) throw new Error("redrive does not come to an end");
      startRedrive(world);
      await world.clock.run(() => isQuiet(world));
    }
    for (let round = 0; !world.repairs.done; round++) {
      if (round > 20) throw new Error("repair does not come to an end");
      startRepair(world);
      await world.clock.run(() => isQuiet(world));
    }
    differences.push(...(await inspect(world, "in the end")), ...world.harm);
  } catch (thrown) {
    differences.push(messageOf(thrown));
  } finally {
    for (const mapping of world.mappings) mapping.stop();
  }
  return { differences: [...new Set(differences)], faults: world.faults.counts };
}

function schedule(world: World): void {
  const { plan, clock, items, faults, log } = world;
  const deploy = () => void world.deployments++;
  const at = (ms: number, act: () => void) => {
    world.endsAtMs = Math.max(world.endsAtMs, ms);
    clock.at(ms, act);
  };
  for (const { atMs, id, item, malformed } of plan.writes) {
    at(atMs, () => {
      log(
        () =>
          `write ${id} ${item ? JSON.stringify(item) : "deleted"}${malformed ? " (malformed)" : ""}`,
      );
      if (malformed) faults.met("malformed");
      if (item && item.poison.length > 0) faults.met("poison");
      items.write({ id }, item && { ...item }, malformed);
    });
  }
  at(plan.settings.fixedAtMs, deploy);
  const functions = [
    { name: "tables", kinds: ["table-view", "aggregate-view"], source: items },
    { name: "cache", kinds: ["cache-view"], source: items },
    { name: "tables of rows", kinds: ["table-view"], source: world.rows },
    { name: "tables of totals", kinds: ["table-view"], source: world.totals },
  ] as const;
  for (const each of functions) world.mappings.push(mappingOf(world, each));
  for (const fault of plan.faults) {
    if ("forMs" in fault) {
      at(fault.atMs, deploy);
      at(fault.atMs + fault.forMs, deploy);
    } else if ("atMs" in fault) {
      at(fault.atMs, () => {
        faults.met(fault.kind);
        log(() => fault.kind);
        happen(world, fault.kind);
      });
    }
  }
}

function happen(world: World, kind: string): void {
  const { items, mappings, random } = world;
  const mapping = random.pick(mappings);
  if (kind === "restart") mapping.restart();
  else if (kind === "from the beginning") mapping.startOver();
  else if (kind === "shard split") items.split(2);
  else if (kind === "shard rolled") items.split(1);
  else if (kind === "stream re-created") items.recreate();
  else if (kind === "backfill") startBackfill(world);
  else if (kind === "repair") startRepair(world);
  else if (kind === "corruption") void corrupt(world);
  else startRedrive(world);
}

function mappingOf(
  world: World,
  { name, kinds, source }: { name: string; kinds: readonly (keyof Sinks)[]; source: SourceTable },
): Mapping {
  const { clock, faults, log, plan } = world;
  return startMapping({
    ...{ name, source, clock, faults, log },
    random: world.random.fork(name),
    startContainer: () => startContainer(world, kinds),
    settings: plan.settings,
    shardsAsSeen: world.plants.shards ?? same,
    oldStreamFirst: !plan.settings.tombstones,
    waitsForLateWrites: !plan.settings.tombstones,
  });
}

/** Whether all writes were made and delivered, and nothing is under way any more. */
function isQuiet(world: World): boolean {
  return (
    world.clock.elapsedMs() >= world.endsAtMs &&
    world.late.count === 0 &&
    world.mappings.every((mapping) => mapping.isIdle())
  );
}

function sourcesOf({ items, rows, totals }: World): readonly SourceTable[] {
  return [items, rows, totals];
}

async function inspect(world: World, when: string): Promise<string[]> {
  const { plan } = world;
  const options = { ...world, sources: sourcesOf(world) };
  const found = [
    ...(await compareWithRecomputation(options)),
    ...(fencesLate(plan) ? [] : await rowsPastFences(options)),
    ...(await unreasonablyParked(options, plan.settings.sharedKeys)),
  ];
  return found.map((difference) => `${when}: ${difference}`);
}

/**
 * Whether a row may be newer than a fence that is raised behind it: because what was applied once is poison later, or
 * because a fence that an abandoned process asked for is raised when its item has moved on.
 */
function fencesLate({ faults }: Plan): boolean {
  return faults.some(
    (fault) => fault.kind === "bad deploy" || (fault.kind === "lands late" && fault.of === "park"),
  );
}
