import { describe, expect, test } from "@jest/globals";

import { createContainerPool } from "../../../src/local/event-source-mapping/container-pool.js";

function pool() {
  let started = 0;
  const containers = createContainerPool(
    () => () => undefined,
    () => `stream-${++started}`,
  );
  return { containers, started: () => started };
}

describe("the containers of a function", () => {
  test("G16: one is used again and again, and another is started only while it is busy", async () => {
    const { containers, started } = pool();
    const used: string[] = [];
    const use = () => containers.use(async ({ logStreamName }) => void used.push(logStreamName));
    await use();
    await use();
    await containers.use(async () => use());
    await use();
    expect(used.slice(0, 3)).toEqual(["stream-1", "stream-1", "stream-2"]);
    expect(started()).toBe(2);
  });

  test("one that failed is used again, one that timed out is not", async () => {
    const { containers, started } = pool();
    const fail = (message: string) =>
      containers.use(() => Promise.reject(new Error(message))).catch(() => undefined);
    await fail("poison");
    await fail("Task timed out after 3.00 seconds");
    expect(started()).toBe(1);
    await fail("again");
    expect(started()).toBe(2);
  });
});
