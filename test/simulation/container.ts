import { batchResponse } from "../../src/lambda/batch-response.js";
import type { PipelineParts, Sinks } from "../../src/pipeline/pipeline.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import {
  type AggregateSink,
  createAggregateSink,
} from "../../src/sink/aggregate/aggregate-sink.js";
import type { Store } from "../../src/sink/aggregate/store.js";
import type { Container } from "./mapping.js";
import { same } from "./plants.js";
import { startProcess } from "./process-under-fault.js";
import type { World } from "./world.js";

const INVOCATION_MS = 6_000;
const RETRY = { baseDelayMs: 50, maxDelayMs: 1_000, reserveMs: 1_000 };
/** Judges by fewer changes than in earnest: a history is short. */
const BREAKER = { share: 0.5, minimum: 4, window: 20 };
/** Never trips: where rows pass from item to item, collisions are no sign of a bad deploy. */
const NO_BREAKER = { ...BREAKER, share: 1 };

/** Starts a container of the function that writes views of these kinds: the pipeline itself, under faults. */
export function startContainer(world: World, kinds: readonly (keyof Sinks)[]): Container {
  const { plants, late, clock } = world;
  const process = startProcess(world.surroundings);
  const { deployments } = world;
  const groups = (plants.aggregates ?? aggregateSink)(process.store);
  const sinks = Object.fromEntries(
    kinds.map((kind) => [kind, kind === "aggregate-view" ? groups : process.sink]),
  ) as Sinks;
  const parts: PipelineParts = {
    declarations: world.declarations,
    sinks,
    quarantine: process.quarantine,
    clock: process.clock,
    declaredName: same,
    retry: RETRY,
    breaker: world.plan.settings.sharedKeys ? NO_BREAKER : BREAKER,
  };
  const pipeline = createPipeline((plants.parts ?? same)(parts));
  return {
    process,
    isOutdated: () => world.deployments !== deployments,
    async invoke(records) {
      late.count++;
      const endsAtMs = clock.elapsedMs() + INVOCATION_MS;
      const deadline = { remainingMs: () => endsAtMs - clock.elapsedMs() };
      const done = pipeline.process((plants.records ?? same)(records), deadline);
      void Promise.race([done, process.dead])
        .finally(() => late.count--)
        .catch(() => undefined);
      return (plants.response ?? batchResponse)(await done);
    },
  };
}

function aggregateSink(store: Store): AggregateSink {
  return createAggregateSink({ store });
}
