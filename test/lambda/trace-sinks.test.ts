import { describe, expect, test } from "@jest/globals";

import type { Trace } from "../../src/lambda/subsegment.js";
import { traceOnLambda, traceSinks } from "../../src/lambda/trace-sinks.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { put } from "../sink/contract/subject.js";

const items = source<{ id: string }>({ table: "items", key: ["id"] });
const view = tableView({ name: "copy", source: items, key: ["id"] });
const told = { mutations: 1, applied: 1, stale: 0, failed: 0 };

describe("the trace of a batch", () => {
  test("has a subsegment for each call of a sink, with what came of it", async () => {
    const seen: unknown[] = [];
    const trace: Trace = async (name, work, tell) => {
      const result = await work();
      seen.push([name, tell(result)]);
      return result;
    };
    const sinks = traceSinks({ "table-view": createMemorySink() }, trace);
    const results = await sinks["table-view"]!.apply([put(view, { id: "1" }, 1)]);
    expect(results).toEqual([{ outcome: "applied" }]);
    expect(seen).toEqual([["table-view", told]]);
  });

  test.each([
    ["outside Lambda", {}],
    [
      "where it is turned off",
      { AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x", POWERTOOLS_TRACE_ENABLED: "false" },
    ],
  ])("costs nothing %s: the sinks are those given", (_where, environment) => {
    const sinks = { "table-view": createMemorySink() };
    expect(traceOnLambda(sinks, environment)).toBe(sinks);
  });
});
