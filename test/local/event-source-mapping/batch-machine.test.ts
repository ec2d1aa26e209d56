import { expect, test } from "@jest/globals";

import {
  decide,
  dropExpired,
  firstAttempt,
} from "../../../src/local/event-source-mapping/batch-machine.js";

const ids = () => {
  let next = 0;
  return () => `id-${next++}`;
};
const settings = { bisectBatchOnFunctionError: false, maximumRetryAttempts: 2 };

test("progress starts a new batch with a new budget", () => {
  const attempt = { ...firstAttempt([1, 2, 3], ids()), invocations: 2 };
  const decision = decide(attempt, { type: "partial", index: 2 }, settings, () => "new");
  expect(decision).toEqual({
    type: "deliver",
    attempts: [{ records: [3], invocations: 0, requestId: "new" }],
  });
});

test("an odd batch is split with the smaller half first", () => {
  const decision = decide(
    firstAttempt([1, 2, 3], ids()),
    { type: "failure", thrown: true },
    { ...settings, bisectBatchOnFunctionError: true },
    ids(),
  );
  expect(decision).toMatchObject({
    type: "deliver",
    attempts: [{ records: [1] }, { records: [2, 3] }],
  });
});

test("pauses double from a fifth of a second, up to a minute", () => {
  const delayAfter = (invocations: number) => {
    const attempt = { ...firstAttempt([1], ids()), invocations };
    const decision = decide(
      attempt,
      { type: "failure", thrown: true },
      { ...settings, maximumRetryAttempts: -1 },
      ids(),
    );
    return decision.type === "retry" ? decision.delayMs : undefined;
  };
  expect([0, 1, 2, 20].map(delayAfter)).toEqual([200, 400, 800, 60_000]);
});

test("without a limit of age nothing expires, and with one a batch all too old leaves nothing", () => {
  const attempt = firstAttempt([{ createdAtSeconds: 0 }], ids());
  expect(dropExpired(attempt, -1, 1e12, ids())).toEqual({ expired: [], rest: attempt });
  expect(dropExpired(attempt, 60, 1e12, ids())).toEqual({
    expired: attempt.records,
    rest: undefined,
  });
});
