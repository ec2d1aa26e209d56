import { describe, expect, test } from "@jest/globals";

import { declaredName, physicalName, readConfig } from "../src/config.js";

describe("the environment", () => {
  test("says nothing on AWS: no prefix, no endpoint, the state table by its own name", () => {
    expect(readConfig({})).toEqual({ tablePrefix: "", stateTable: "millrace-state" });
  });

  test("puts the prefix of a stage before every table, the pipeline's own among them", () => {
    const config = readConfig({ MILLRACE_TABLE_PREFIX: "shop-dev-" });
    expect(config.stateTable).toBe("shop-dev-millrace-state");
    expect(physicalName(config, "orders")).toBe("shop-dev-orders");
    expect(declaredName(config, "shop-dev-orders")).toBe("orders");
    expect(declaredName(config, "other-orders")).toBeUndefined();
  });

  test("knows tables that are named otherwise", () => {
    const config = readConfig({
      MILLRACE_TABLE_NAMES: "orders=Orders,tags=a.b",
      MILLRACE_TABLE_PREFIX: "x-",
    });
    expect(physicalName(config, "tags")).toBe("a.b");
    expect(declaredName(config, "Orders")).toBe("orders");
    expect(physicalName(config, "rows")).toBe("x-rows");
    expect(() => readConfig({ MILLRACE_TABLE_NAMES: "orders" })).toThrow(
      'MILLRACE_TABLE_NAMES is ""',
    );
  });

  test("reads streams where it reads tables, unless told otherwise", () => {
    const one = { AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:8000" };
    expect(readConfig(one)).toMatchObject({
      dynamodbEndpoint: "http://127.0.0.1:8000",
      streamsEndpoint: "http://127.0.0.1:8000",
    });
    const other = { ...one, AWS_ENDPOINT_URL_DYNAMODB_STREAMS: "http://127.0.0.1:8001" };
    expect(readConfig(other).streamsEndpoint).toBe("http://127.0.0.1:8001");
  });

  test("takes an empty variable for one that is not set", () => {
    expect(readConfig({ REDIS_URL: "", AWS_ENDPOINT_URL_DYNAMODB: "" })).not.toHaveProperty(
      "redisUrl",
    );
  });

  test("knows whom IAM lets into the cache, and refuses half of it, an address for a name, or a connection in plain", () => {
    const iam = { MILLRACE_REDIS_IAM_USER: "shop", MILLRACE_REDIS_CACHE_NAME: "shop-dev" };
    const REDIS_URL = "rediss://shop.cache.amazonaws.com:6379";
    const redisIam = { user: "shop", cacheName: "shop-dev", isServerless: false };
    expect(readConfig({ ...iam, REDIS_URL })).toMatchObject({ redisIam });
    expect(readConfig({ ...iam, REDIS_URL, MILLRACE_REDIS_SERVERLESS: "true" })).toMatchObject({
      redisIam: { ...redisIam, isServerless: true },
    });
    for (const [wrong, message] of [
      [{ MILLRACE_REDIS_IAM_USER: "shop" }, /belong together/],
      [{ ...iam, MILLRACE_REDIS_CACHE_NAME: "shop.cache:6379" }, /not its address/],
      [{ ...iam, REDIS_URL: "redis://c:6379" }, /with IAM it has to begin with rediss:/],
      [{ ...iam, MILLRACE_REDIS_SERVERLESS: "yes" }, /MILLRACE_REDIS_SERVERLESS is "yes"/],
    ] as const)
      expect(() => readConfig(wrong)).toThrow(message);
  });

  test("G12: tells all its mistakes together, each with the variable, its value and what to write", () => {
    const wrong = {
      MILLRACE_TABLE_PREFIX: "a/b",
      REDIS_URL: "localhost:6379",
      AWS_ENDPOINT_URL_DYNAMODB: "dynamodb",
    };
    expect(() => readConfig(wrong)).toThrow(expect.objectContaining({ code: "configuration" }));
    for (const part of [
      'MILLRACE_TABLE_PREFIX is "a/b"; a table name has',
      'AWS_ENDPOINT_URL_DYNAMODB is "dynamodb"; give an address that begins with http:// or https://',
      'REDIS_URL is "localhost:6379"; give an address that begins with redis:// or rediss://',
    ]) {
      expect(() => readConfig(wrong)).toThrow(part);
    }
  });
});
