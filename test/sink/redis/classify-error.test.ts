import { expect, test } from "@jest/globals";

import { classifyRedisError } from "../../../src/sink/redis/classify-error.js";

test.each([
  ["connect ECONNREFUSED 127.0.0.1:6379", "unavailable"],
  ["Connection is closed.", "unavailable"],
  ["Command timed out", "unavailable"],
  ["Reached the max retries per request limit (which is 1).", "unavailable"],
  ["LOADING Redis is loading the dataset in memory", "unavailable"],
  ["READONLY You can't write against a read only replica.", "unavailable"],
  ["CLUSTERDOWN The cluster is down", "unavailable"],
  ["MOVED 3999 127.0.0.1:6381", "unavailable"],
  ["TRYAGAIN Multiple keys request during rehashing of slot", "unavailable"],
  ["OOM command not allowed when used memory > 'maxmemory'.", "unavailable"],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", "refused"],
  ["FOREIGN the key holds a value that Millrace did not write", "refused"],
  ["NOAUTH Authentication required.", "configuration"],
  ["WRONGPASS invalid username-password pair", "configuration"],
])("%s is %s", (message, code) => {
  const error = classifyRedisError(new Error(message), "flight:1");
  expect(error.code).toBe(code);
  expect(error.retriable).toBe(code === "unavailable");
  expect(error.message).toContain(message.split(" ")[0]);
});
