import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { measure } from "../../bench/throughput/measure.js";
import { type Servers, startStubs } from "../../bench/throughput/servers.js";

const opened = {} as { stubs: Servers };
beforeAll(async () => {
  Object.assign(process.env, { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" }); // prettier-ignore
  opened.stubs = await startStubs();
});
afterAll(() => opened.stubs.stop());

test("the stubs answer every subject of the benchmark: each change of a workload is done, and written once", async () => {
  const figures = await measure(opened.stubs, {
    workload: "uniform",
    subjects: ["millrace", "powertools-parallel", "limit"],
    changes: 200,
    batchSize: 100,
    rounds: 1,
    warmUpSeconds: 0.001,
  });
  expect(figures.map(({ subject, writeUnitsPerChange }) => [subject, writeUnitsPerChange])).toEqual(
    [
      ["millrace", 1],
      ["powertools-parallel", 1],
      ["limit", 1],
    ],
  );
});
