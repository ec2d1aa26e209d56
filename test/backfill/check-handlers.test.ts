import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { LambdaClient } from "@aws-sdk/client-lambda";
import { afterEach, describe, expect, test } from "@jest/globals";

import { checkHandlers } from "../../src/backfill/check-handlers.js";
import { type ServedMapping, serveMappings } from "../support/serve-mappings.js";

const streamArn = "arn:aws:dynamodb:us-east-1:1:table/shop-orders/stream/2026";
const source = { table: "shop-orders", streamArn };
const [on, second]: readonly ServedMapping[] = ["tables", "cache"].map((name) => ({
  UUID: `u-${name}`,
  EventSourceArn: streamArn,
  FunctionArn: `arn:aws:lambda:us-east-1:1:function:shop-${name}`,
  State: "Enabled",
  LastProcessingResult: "OK",
}));
if (!on || !second) throw new Error("two mappings");

describe("asking Lambda who follows a source", () => {
  let server: Server | undefined;
  let client: LambdaClient | undefined;

  afterEach(async () => {
    client?.destroy();
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  });

  async function ask(listener: RequestListener) {
    const listening = (server = createServer(listener));
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    client = new LambdaClient({
      endpoint: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      maxAttempts: 1,
    });
    return checkHandlers(client, source);
  }

  const deny = (status: number, name: string): RequestListener => {
    return (_request, response) => {
      response.writeHead(status, { "x-amzn-errortype": name }).end(`{"message":"no"}`);
    };
  };

  test("tells the functions of every page that are called for the stream", async () => {
    const other = { ...second, EventSourceArn: `${streamArn}-of-another`, UUID: "u-other" };
    const updating = { ...second, State: "Updating" };
    expect(await ask(serveMappings(() => [on, other, updating]))).toEqual({
      functions: ["shop-cache", "shop-tables"],
      warnings: [],
    });
  });

  test("G73: refuses where there is no mapping", async () => {
    await expect(ask(serveMappings(() => []))).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringMatching(/"shop-orders" \(it has no event source mapping\).*deploy/),
    });
  });

  test.each(["Disabled", "Disabling", "Creating", "Enabling", "Deleting"])(
    "G73: refuses where the only mapping is %s",
    async (State) => {
      const off = { ...on, State, StateTransitionReason: "User initiated" };
      await expect(ask(serveMappings(() => [off]))).rejects.toMatchObject({
        code: "configuration",
        message: expect.stringContaining(
          `u-tables of shop-tables is ${State}, User initiated), so that changes`,
        ),
      });
    },
  );

  test("warns of mappings that are off or fail beside one that is on", async () => {
    const failing = { ...on, LastProcessingResult: "PROBLEM: Function call failed" };
    const mappings = [failing, { ...second, State: "Disabled" }];
    const { functions, warnings } = await ask(serveMappings(() => mappings));
    expect(functions).toEqual(["shop-tables"]);
    expect(warnings).toEqual([
      'stream of table "shop-orders": the mapping u-cache of shop-cache is Disabled',
      'stream of table "shop-orders": shop-tables last ended with PROBLEM: Function call failed',
    ]);
  });

  test("warns where nobody may ask", async () => {
    const { functions, warnings } = await ask(deny(403, "AccessDeniedException"));
    expect(functions).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("lambda:ListEventSourceMappings")]);
  });

  test("does not begin where Lambda does not answer", async () => {
    await expect(ask(deny(500, "ServiceException"))).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/ServiceException: no; try again, or .*--handlers-elsewhere/),
    });
  });
});
