import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, describe, expect, test } from "@jest/globals";

import {
  createTablesHandler,
  dynamoDbClient,
  dynamoDbStreamsClient,
  systemClock,
} from "../src/compose.js";
import { source } from "../src/view/source.js";
import { tableView } from "../src/view/table-view.js";

const items = source<{ id: string }>({ table: "items", key: ["id"] });
const copy = tableView({ name: "copy", source: items, key: ["id"] });

describe("the handler of a pipeline's tables", () => {
  afterEach(() => void delete process.env["MILLRACE_TABLE_PREFIX"]);

  test("G12: does not come to be while a declaration or the environment is wrong", () => {
    expect(() => createTablesHandler({ copy, again: { ...copy } })).toThrow(
      /declarations: \d mistakes?/,
    );
    process.env["MILLRACE_TABLE_PREFIX"] = "a b";
    expect(() => createTablesHandler({ copy })).toThrow('MILLRACE_TABLE_PREFIX is "a b"');
  });

  test("is a function of an event and a context", () => {
    expect(createTablesHandler({ copy })).toHaveLength(2);
  });
});

test("clients go to the endpoints that are named, with little patience of their own", async () => {
  const config = {
    tablePrefix: "",
    stateTable: "s",
    dynamodbEndpoint: "http://127.0.0.1:1",
    streamsEndpoint: "http://127.0.0.1:2",
  };
  for (const [client, port] of [
    [dynamoDbClient(config), 1],
    [dynamoDbStreamsClient(config), 2],
  ] as const) {
    expect(await client.config.endpoint?.()).toMatchObject({ hostname: "127.0.0.1", port });
    expect(await client.config.maxAttempts()).toBe(2);
    client.destroy();
  }
});

test("requests share connections: one after another one, at once as many as are under way", async () => {
  const sockets = new Set<unknown>();
  const server = createServer((asked, answer) => {
    asked.resume().on("end", () => answer.end("{}"));
  }).on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const variables = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "a" };
  Object.assign(process.env, variables);
  const client = dynamoDbClient({
    tablePrefix: "",
    stateTable: "s",
    dynamodbEndpoint: `http://127.0.0.1:${port}`,
  });
  const ask = () => client.send(new ListTablesCommand({}));
  for (let i = 0; i < 5; i++) await ask();
  expect(sockets.size).toBe(1);
  for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 32 }, ask));
  expect(sockets.size).toBeLessThanOrEqual(32);
  client.destroy();
  server.close();
});

test("the clock is the system's", async () => {
  const before = Date.now();
  await systemClock.sleep(1);
  expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before);
  expect(systemClock.random()).toBeLessThan(1);
});
