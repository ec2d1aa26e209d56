import { redrive } from "../../src/redrive/redrive.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import type { Quarantine } from "../../src/state/quarantine.js";
import { same } from "./plants.js";
import { type Process, startProcess } from "./process-under-fault.js";
import { itemsOf, mendedQuarantine } from "./quarantined.js";
import type { World } from "./world.js";

/** Starts the operation itself, in a process of its own that any step may kill, beside whatever goes on. */
export function startRedrive(world: World): void {
  const { declarations, items, rows, totals, log, late, plan } = world;
  // Without tombstones nobody may write late, so that two at once could bring back what a change between them deleted.
  if (world.redriving > (plan.settings.tombstones ? 1 : 0)) return;
  const process = startProcess(world.surroundings);
  late.count++;
  world.redriving++;
  const done = redrive({
    declarations,
    quarantine: quarantineOf(world, process),
    sinks: {
      "table-view": process.sink,
      "cache-view": process.sink,
      "aggregate-view": createAggregateSink({ store: process.store }),
    },
    sourceItems: itemsOf([items, rows, totals]),
    clock: process.clock,
    declaredName: same,
  })
    .then(({ views, stays }) => log(() => `redriven ${JSON.stringify({ views, stays })}`))
    .catch((thrown: unknown) => log(() => `redrive ends: ${String(thrown)}`));
  void Promise.race([done, process.dead])
    .then(() => process.landed())
    .finally(() => {
      late.count--;
      world.redriving--;
    });
}

function quarantineOf({ plants, plan }: World, process: Process): Quarantine {
  const quarantine = mendedQuarantine((plants.redriven ?? same)(process.quarantine));
  if (plan.settings.tombstones) return quarantine;
  return {
    ...quarantine,
    async lift(...given) {
      await process.landed();
      return quarantine.lift(...given);
    },
  };
}
