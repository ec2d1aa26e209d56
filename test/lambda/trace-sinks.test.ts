import type { Tracer } from "@aws-lambda-powertools/tracer";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";

import { inSubsegment, type Trace, traceSinks } from "../../src/lambda/trace-sinks.js";
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

  describe("outside Lambda", () => {
    const sinks = { "table-view": createMemorySink() };
    beforeEach(() => void delete process.env["AWS_LAMBDA_INITIALIZATION_TYPE"]);
    afterEach(() => void delete process.env["POWERTOOLS_TRACE_ENABLED"]);

    test("costs nothing: the sinks are those given", () => {
      expect(traceSinks(sinks)).toBe(sinks);
    });

    test("can be turned off on Lambda, too", () => {
      process.env["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
      process.env["POWERTOOLS_TRACE_ENABLED"] = "false";
      expect(traceSinks(sinks)).toBe(sinks);
      delete process.env["AWS_LAMBDA_INITIALIZATION_TYPE"];
    });
  });
});

describe("a subsegment", () => {
  const subsegment = {
    addAnnotation: jest.fn(),
    addError: jest.fn(),
    addErrorFlag: jest.fn(),
    close: jest.fn(),
  };
  const tracer = {
    getSegment: () => ({ addNewSubsegment: () => subsegment }),
  } as unknown as Pick<Tracer, "getSegment">;
  afterEach(() => void jest.clearAllMocks());

  test("says how many mutations were applied, stale and failed", async () => {
    expect(
      await inSubsegment(
        tracer,
        "table-view",
        () => Promise.resolve("done"),
        () => told,
      ),
    ).toBe("done");
    expect(subsegment.addAnnotation.mock.calls).toEqual(Object.entries(told));
    expect(subsegment.addErrorFlag).not.toHaveBeenCalled();
    expect(subsegment.close).toHaveBeenCalledTimes(1);
  });

  test("is marked where a mutation failed", async () => {
    const failed = { ...told, applied: 0, failed: 1 };
    await inSubsegment(
      tracer,
      "table-view",
      () => Promise.resolve(),
      () => failed,
    );
    expect(subsegment.addErrorFlag).toHaveBeenCalledTimes(1);
  });

  test("is closed with the error where the work throws", async () => {
    const broken = () => Promise.reject(new Error("broken"));
    await expect(inSubsegment(tracer, "table-view", broken, () => told)).rejects.toThrow("broken");
    expect(subsegment.addError).toHaveBeenCalledTimes(1);
    expect(subsegment.close).toHaveBeenCalledTimes(1);
  });

  test("is not there where nothing is traced, and the work is done all the same", async () => {
    const none = { getSegment: () => undefined };
    expect(
      await inSubsegment(
        none,
        "x",
        () => Promise.resolve(1),
        () => told,
      ),
    ).toBe(1);
  });
});
