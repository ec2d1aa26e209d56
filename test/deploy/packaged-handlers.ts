import { DynamoDBDocumentClient, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import * as pipeline from "../../pipeline.js";
import type { Item } from "../../src/change/attribute-value.js";
import { compareAll } from "../../src/cli/demo/compare-all.js";
import { isTrue } from "../../src/cli/demo/compare-views.js";
import { readAirports, readFlights } from "../../src/cli/demo/flight-data.js";
import { writeDemo } from "../../src/cli/demo/write-flights.js";
import { collectDeclarations, isNotification } from "../../src/view/declarations.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import { type AwsStub, startAwsStub } from "./aws-stub.js";
import { departedFlight } from "./departed-flight.js";
import type { Package } from "./package-repository.js";
import type { PackagedFunction } from "./packaged-function.js";
import { createTables, followStreams, startFunction } from "./packaged-pipeline.js";
import {
  givenUp,
  newestRecord,
  objectNotice,
  quarantined,
  queueEvent,
  startCommand,
  writeItems,
} from "./packaged-queues.js";
import { startXrayDaemon, type XrayDaemon } from "./xray-daemon.js";

const FUNCTIONS = ["tables", "cache", "failures", "backfill"];

const ALL_DONE = { batchItemFailures: [] };
/** Views that keep something: the rest only tell of changes. */
const BACKFILLED = collectDeclarations(pipeline)
  .views.filter((view) => !isNotification(view))
  .map(({ name }) => name);

/** Looks again until something is so; the test's own time ends the wait. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((looked) => setTimeout(looked, 10));
}

/** Where and as what the repository was packaged, once it is. */
export interface PackagedAs {
  readonly packaged: () => Package;
  readonly folder: string;
  readonly stage: string;
  readonly redisUrl: string;
}

/** Tests of what was packaged, for the file that packages: doing so twice at once in one folder would clash. */
export function describePackagedHandlers({ packaged, folder, stage, redisUrl }: PackagedAs): void {
  describe("the packaged handlers", () => {
    const prefix = `millrace-flights-${stage}-`;
    const client = testDynamoDb();
    const documents = DynamoDBDocumentClient.from(client);
    const redis = new Redis(redisUrl);
    let daemon: XrayDaemon;
    let aws: AwsStub;
    const functions: Record<string, PackagedFunction> = {};
    const flightId = `flight-${stage}`;
    const departed = departedFlight(flightId);
    const landed = { ...departed, status: "LANDED" };

    beforeAll(async () => {
      await createTables(packaged(), client);
      daemon = await startXrayDaemon();
      aws = await startAwsStub();
      for (const name of FUNCTIONS)
        functions[name] = await startFunction(packaged(), name, folder, {
          ...{ xrayDaemon: daemon.address, aws },
        });
    }, 60_000);

    afterAll(() => {
      for (const running of Object.values(functions)) running.stop();
      client.destroy();
      redis.disconnect();
      daemon.close();
      aws.close();
    });

    /** Sends one record of the flights' stream to both functions that streams call. */
    async function deliver(images: { old?: Item; new?: Item }): Promise<void> {
      // An entry of the cache lives for a day after the change.
      const at = Math.floor(Date.now() / 1000);
      const of = { table: `${prefix}flights`, keys: ["flightId"], at };
      const record = streamRecord({ ...images, ...of });
      for (const running of [functions["tables"]!, functions["cache"]!])
        expect(await running.invoke({ Records: [record] })).toEqual(ALL_DONE);
    }

    async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
      const { Items = [] } = await documents.send(new ScanCommand({ TableName: prefix + table }));
      return Items;
    }

    /** What a function wrote for CloudWatch. */
    function metricsOf(name: string): Record<string, unknown>[] {
      const lines = functions[name]!.output().split("\n");
      return lines
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    }

    /** Compares every view with what its source says now. */
    async function expectTrueViews(): Promise<void> {
      const comparisons = await compareAll(collectDeclarations(pipeline), {
        tablePrefix: prefix,
        stateTable: `${prefix}millrace-state`,
        dynamodbEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
        redisUrl,
      });
      expect(comparisons.filter((comparison) => !isTrue(comparison))).toEqual([]);
      // What is told to subscribers is not kept as rows, and so few flights need not disrupt an airport.
      const mayBeEmpty = ["landings", "disrupted-airports"];
      const empty = comparisons.filter(({ rows }) => rows === 0).map(({ view }) => view);
      expect(empty.filter((view) => !mayBeEmpty.includes(view))).toEqual([]);
    }

    test("write a flight to its views' tables and to the cache, and take it out again", async () => {
      await deliver({ new: departed });
      expect(await rowsOf("flights-by-destination")).toMatchObject([departed]);
      expect(await rowsOf("delayed-flights")).toMatchObject([
        { origin: "SEA", flightId, delay: 20 },
      ]);
      const touched = await rowsOf("airports-touched");
      expect(touched.map(({ airport }) => airport).sort()).toEqual(["SEA", "SFO"]);
      expect(await redis.hgetall(`flight:${flightId}`)).toMatchObject({
        destination: "SFO",
        status: "DEPARTED",
        delay: "20",
      });

      await deliver({ old: departed, new: landed });
      expect(await rowsOf("flights-by-destination")).toMatchObject([landed]);
      expect(await rowsOf("delayed-flights")).toEqual([]);
      expect(await redis.hgetall(`flight:${flightId}`)).toEqual({});

      await deliver({ old: landed });
      expect(await rowsOf("flights-by-destination")).toEqual([]);
      expect(await rowsOf("airports-touched")).toEqual([]);
    });

    test("count what they did for CloudWatch", async () => {
      await deliver({ new: departed });
      for (const [name, view] of [
        ["tables", "flights-by-destination"],
        ["cache", "hot-flights"],
      ] as const) {
        expect(metricsOf(name)).toContainEqual(expect.objectContaining({ view, applied: 1 }));
      }
    });

    test("show X-Ray what each sink did for a batch", async () => {
      const trace = "1-5759e988-bd862e3fe1be46a994272793";
      const record = streamRecord({ new: departed, table: `${prefix}flights`, keys: ["flightId"] });
      for (const [name, sinks] of [
        ["tables", ["table-view", "aggregate-view"]],
        ["cache", ["cache-view"]],
      ] as const) {
        const before = daemon.received.length;
        const traceHeader = `Root=${trace};Parent=53995c3f42cd8ad8;Sampled=1`;
        await functions[name]!.invoke({ Records: [record] }, { traceHeader });

        await until(() => daemon.received.length >= before + sinks.length);
        const annotations = expect.objectContaining({ failed: 0 }) as unknown;
        const common = { trace_id: trace, parent_id: "53995c3f42cd8ad8", annotations };
        for (const sink of sinks)
          expect(daemon.received.slice(before)).toContainEqual(
            expect.objectContaining({ name: sink, ...common }),
          );
      }
      await deliver({ old: departed });
    });

    test("G40: make all views right from the records of real streams", async () => {
      const mappings = await followStreams(packaged(), functions, client);
      const [recorded, airports] = [readFlights("2k"), readAirports()];
      await writeDemo({
        client,
        flightsTable: `${prefix}flights`,
        airportsTable: `${prefix}airports`,
        flights: recorded.slice(0, 150),
        airports: airports.slice(0, 50),
        seed: 1,
        onWritten: () => undefined,
      });
      const writtenAtMs = Date.now();
      await until(() => mappings.every((mapping) => (mapping.caughtUpAtMs() ?? 0) > writtenAtMs));
      await Promise.all(mappings.map((mapping) => mapping.stop()));
      await expectTrueViews();
    });

    test("G68: backfill by the command that the outputs give, each segment in as many calls as it takes", async () => {
      const flights = readFlights("2k")
        .slice(150, 450)
        .map((each, i) => ({
          ...departed,
          ...each,
          flightId: `old-${i}`,
          scheduledAt: "2001-01-01T09:00",
        }));
      await writeItems(documents, `${prefix}flights`, flights);
      const command = startCommand(
        ["backfill", ...BACKFILLED, "--segments", "2", "--queue", aws.queueUrl],
        {
          MILLRACE_TABLE_PREFIX: prefix,
          AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
          AWS_ENDPOINT_URL_SQS: aws.url,
        },
      );
      let calls = 0;
      while (command.result() === undefined) {
        await until(() => aws.messages.length > 0 || command.result() !== undefined);
        for (const body of aws.messages.splice(0)) {
          // Time for a page, and then for all the rest.
          const timeoutMs = calls++ % 2 === 0 ? 1 : 60_000;
          expect(await functions["backfill"]!.invoke(queueEvent(body), { timeoutMs })).toEqual(
            ALL_DONE,
          );
        }
      }
      expect(command.result()).toMatchObject({ code: 0 });
      // Two sources of two segments each, and at least one that took more than a call.
      expect(calls).toBeGreaterThan(4);
      await expectTrueViews();
    });

    test("G66: put what Lambda gave up into quarantine, from the bucket, or from the stream where only its position is told", async () => {
      const table = `${prefix}flights`;
      await documents.send(
        new PutCommand({ TableName: table, Item: { ...departed, flightId: "in-stream" } }),
      );
      const { record, ...where } = await newestRecord(client, table);
      const inBucket = streamRecord({
        new: { ...departed, flightId: "in-bucket" },
        table,
        keys: ["flightId"],
      });
      const key = `aws/lambda/u-1/${where.shardId}/2026/01/01/a b`;
      aws.objects.set(
        `failures/${key}`,
        givenUp(`${prefix}tables`, inBucket, { ...where, kind: "s3" }),
      );
      const bodies = [
        objectNotice("failures", key),
        givenUp(`${prefix}cache`, record, { ...where, kind: "sqs" }),
      ];
      for (const body of bodies)
        expect(await functions["failures"]!.invoke(queueEvent(body))).toEqual(ALL_DONE);

      const held = await quarantined(client, `${prefix}millrace-state`);
      const viewsOf = (isCache: boolean) =>
        collectDeclarations(pipeline)
          .views.filter(
            ({ source, kind }) => source.table === "flights" && (kind === "cache-view") === isCache,
          )
          .map(({ name }) => name)
          .sort();
      expect(held["in-bucket"]).toEqual(viewsOf(false));
      expect(held["in-stream"]).toEqual(viewsOf(true));
      expect(metricsOf("failures")).toContainEqual(
        expect.objectContaining({ service: `millrace-flights-${stage}`, givenUp: 1, lost: 0 }),
      );
    });

    test("G67: leave a message in its queue where what it tells of cannot be read", async () => {
      const answer = await functions["failures"]!.invoke(
        queueEvent(objectNotice("failures", "none")),
      );
      expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
    });
  });
}
