import { describe, expect, test } from "@jest/globals";

import { existingTableName } from "../../src/deploy/deployment.js";
import { deploymentOf, orders, ordersByCustomer } from "./declared.js";

const STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/o/stream/2026-01-01T00:00:00.000";

describe("the settings of a deployment", () => {
  test("make a cache where views are kept in one and none is given", () => {
    expect(deploymentOf().cache).toEqual({ kind: "managed", name: "shop-dev", auth: "password" });
    expect(deploymentOf({ redisUrl: "redis://c:6379" }).cache.kind).toBe("existing");
    expect(deploymentOf({}, { orders, ordersByCustomer }).cache).toEqual({ kind: "none" });
  });

  test("leave out what is empty: a parameter that nobody gave is an empty text", () => {
    const empty = { redisUrl: "", subnetIds: "", securityGroupIds: "", alarmEmail: "" };
    expect(deploymentOf(empty)).toEqual(deploymentOf());
  });

  test("take the address of the cache from Secrets Manager, too", () => {
    const redisUrl = "{{resolve:secretsmanager:redis-url}}";
    expect(deploymentOf({ redisUrl }).cache).toEqual({ kind: "existing", url: redisUrl });
  });

  test.each([
    [{ redisUrl: "cache.example" }, /redisUrl is "cache.example"; give an address/],
    [{ redisUrl: "redis://c", subnetIds: "s-1" }, /belong together/],
    [{ cacheAuth: "kerberos" }, /cacheAuth is "kerberos"; there are password and iam/],
    [{ subnetIds: "s-1" }, /no redisUrl is given/],
    [{ service: "a".repeat(40) }, /takes at most 40 letters/],
    [{ service: "7shop" }, /a letter first/],
    [{ existingTables: { shops: STREAM } }, /"shops", which is no source.*orders, customers/],
    [{ existingTables: { large: STREAM } }, /"large", which is no source/],
    [{ existingTables: { orders: "orders" } }, /gives "orders" for "orders"; give the ARN/],
  ])("are refused where they are wrong: %j", (settings, message) => {
    expect(() => deploymentOf(settings)).toThrow(message);
  });

  test("are refused with all their mistakes at once", () => {
    const wrong = { redisUrl: "x", existingTables: { orders: "y", z: STREAM } };
    expect(() => deploymentOf(wrong)).toThrow(/3 mistakes/);
  });

  test("know the name of a table that exists, also where only CloudFormation does", () => {
    expect(existingTableName(STREAM)).toBe("o");
    expect(existingTableName({ Ref: "OrdersStreamArn" })).toEqual({
      "Fn::Select": [1, { "Fn::Split": ["/", { Ref: "OrdersStreamArn" }] }],
    });
  });
});
