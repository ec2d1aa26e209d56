import type { DynamoDBRecord } from "aws-lambda";

import { createCombinedHandler } from "../../src/compose-cache.js";
import { aggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { count, sum } from "../../src/view/aggregate/measure.js";
import { cacheView } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { cacheKeyOf, type Subject, tableOf } from "./subject.js";
import type { BenchItem, Workload } from "./workload.js";

/** A batch that is not done by then will not be: a server of the benchmark's does not answer as it should. */
const BATCH_TIME_MS = 60_000;

/** The benchmark's views as a pipeline declares them. */
export function benchPipeline(workload: Workload): Record<string, unknown> {
  const items = source<BenchItem>({ table: "bench-source", key: ["id"] });
  const sums = aggregateView({
    name: tableOf(0),
    source: items,
    groupBy: ({ owner }) => ({ owner }),
    key: ["owner"],
    measures: { items: count(), total: sum(({ value0 = 0 }) => value0) },
  });
  const rows = Array.from({ length: workload.views }, (_, k) =>
    tableView({
      name: tableOf(k),
      source: items,
      key: ["owner", "id"],
      row: (item) => ({
        owner: item.owner,
        id: item.id,
        value: item[`value${k}`]!,
        ...(k === 0 && { payload: item.payload }),
      }),
    }),
  );
  const cache = cacheView({
    name: "bench-cache",
    source: items,
    type: "json",
    key: ({ id }) => cacheKeyOf(id),
    value: ({ id, owner, value0, payload }) => ({ id, owner, value: value0!, payload }),
  });
  const views = workload.groups === undefined ? rows : [sums];
  return { items, cache, ...Object.fromEntries(views.map((view) => [view.name, view])) };
}

/** Millrace's own handler, as `handlers/` would export it. */
export function createMillraceSubject(workload: Workload): Subject {
  const handler = createCombinedHandler(benchPipeline(workload));
  return {
    async handle(records: DynamoDBRecord[]) {
      const endsAtMs = Date.now() + BATCH_TIME_MS;
      const context = {
        awsRequestId: "bench",
        getRemainingTimeInMillis: () => endsAtMs - Date.now(),
      };
      const { batchItemFailures } = await handler({ Records: records }, context);
      if (batchItemFailures.length > 0) throw new Error("millrace left changes undone");
    },
  };
}
