import { describe, expect, test } from "@jest/globals";

import { streamVersion } from "../../src/change/version.js";
import { lookAtStream, type LookOptions, RETENTION_MS } from "../../src/status/look-at-stream.js";
import { createFakeStreams, FAKE_STREAM_ARN } from "../support/fake-streams.js";

const NOW = Date.UTC(2026, 0, 5, 10);
const [LABEL = ""] = FAKE_STREAM_ARN.split("/").slice(-1);
const LOCAL_ARN = FAKE_STREAM_ARN.replace("us-east-1", "ddblocal");

/** A stream of so many shards, written to at a time that passes as it is told, and ways to look at it. */
function streamOf(shards: number, trouble?: (call: string) => string | undefined) {
  let nowMs = NOW - 60_000;
  const fake = createFakeStreams(shards, trouble, () => nowMs);
  return {
    pass: (ms: number) => void (nowMs += ms),
    write: (item: string) => fake.write(item),
    look: (sequenceNumber?: string, more: Partial<LookOptions> = {}) =>
      lookAtStream({
        streams: fake.client,
        streamArn: LOCAL_ARN,
        ...(sequenceNumber !== undefined && {
          position: { version: streamVersion(LABEL, sequenceNumber), changedAtMs: NOW - 60_000 },
        }),
        isDelivered: () => true,
        nowMs: NOW,
        ...more,
      }),
  };
}

describe("G42: a look at a stream of one shard", () => {
  test("finds what is newer than a position, and since when it waits", async () => {
    const { write, look, pass } = streamOf(1);
    const first = write("1");
    pass(5_000);
    write("1");
    pass(5_000);
    const last = write("1");
    expect(await look(first)).toEqual({ newer: "some", oldestAtMs: NOW - 55_000 });
    expect(await look(last)).toEqual({ newer: "none" });
  });

  test("does not take an empty page of AWS for proof that there is nothing", async () => {
    const { write, look } = streamOf(1);
    const last = write("1");
    expect(await look(last, { streamArn: FAKE_STREAM_ARN })).toEqual({ newer: "unknown" });
  });

  test("passes over what a mapping filters", async () => {
    const { write, look } = streamOf(1);
    const first = write("1");
    write("2");
    const isDelivered: LookOptions["isDelivered"] = ({ dynamodb }) =>
      dynamodb?.Keys?.["id"]?.S !== "2";
    expect(await look(first, { isDelivered })).toEqual({ newer: "none" });
  });

  test("begins at its beginning where nothing was ever read of it", async () => {
    const { write, look } = streamOf(1);
    expect(await look()).toEqual({ newer: "unknown" });
    write("1");
    expect(await look()).toEqual({ newer: "some", oldestAtMs: NOW - 60_000 });
    const position = { version: streamVersion("2025-12-01T00:00:00.000", "99"), changedAtMs: NOW };
    expect(await look(undefined, { position })).toMatchObject({ newer: "some" });
  });

  test("begins with the oldest change left where the position is trimmed", async () => {
    let isTrimmed = false;
    const { write, look } = streamOf(1, (call) => {
      const isFirst = isTrimmed && call === "GetShardIteratorCommand";
      isTrimmed &&= !isFirst;
      return isFirst ? "TrimmedDataAccessException" : undefined;
    });
    const first = write("1");
    isTrimmed = true;
    expect(await look(first)).toMatchObject({ newer: "some" });
  });
});

describe("a look at a stream of several shards", () => {
  test("tells nothing within a day: a position is one of its own shard only", async () => {
    const { write, look } = streamOf(4);
    const first = write("1");
    for (let item = 2; item < 20; item++) write(String(item));
    expect(await look(first)).toEqual({ newer: "unknown" });
  });

  test("finds what is newer than a position older than all that a stream keeps", async () => {
    const { write, look } = streamOf(4);
    write("7");
    const version = streamVersion(LABEL, "1");
    const position = { version, changedAtMs: NOW - RETENTION_MS - 1 };
    expect(await look(undefined, { position })).toEqual({
      newer: "some",
      oldestAtMs: NOW - 60_000,
    });
  });
});
