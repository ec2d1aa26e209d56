import { afterEach, describe, expect, jest, test } from "@jest/globals";

import { inSubsegment } from "../../src/lambda/subsegment.js";

const told = { mutations: 1, applied: 1, stale: 0, failed: 0 };

describe("a subsegment", () => {
  const subsegment = {
    addAnnotation: jest.fn(),
    addError: jest.fn(),
    addErrorFlag: jest.fn(),
    close: jest.fn(),
  };
  const segment = { addNewSubsegment: () => subsegment };
  afterEach(() => void jest.clearAllMocks());

  test("says how many mutations were applied, stale and failed", async () => {
    expect(
      await inSubsegment(
        segment,
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
      segment,
      "table-view",
      () => Promise.resolve(),
      () => failed,
    );
    expect(subsegment.addErrorFlag).toHaveBeenCalledTimes(1);
  });

  test("is closed with the error where the work throws", async () => {
    const broken = () => Promise.reject(new Error("broken"));
    await expect(inSubsegment(segment, "table-view", broken, () => told)).rejects.toThrow("broken");
    expect(subsegment.addError).toHaveBeenCalledTimes(1);
    expect(subsegment.close).toHaveBeenCalledTimes(1);
  });

  test("is not there where nothing is traced, and the work is done all the same", async () => {
    expect(
      await inSubsegment(
        undefined,
        "x",
        () => Promise.resolve(1),
        () => told,
      ),
    ).toBe(1);
  });
});
