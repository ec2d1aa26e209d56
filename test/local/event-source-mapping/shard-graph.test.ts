import { describe, expect, test } from "@jest/globals";

import {
  type ShardDescription,
  type ShardPositions,
  shardsPassedOver,
  shardsToRead,
  withTrueStates,
} from "../../../src/local/event-source-mapping/shard-graph.js";
import { readCases } from "./cases.js";

interface LineageCase {
  readonly name: string;
  readonly shards?: readonly { shardId: string; parent: string | null; end: string | null }[];
  readonly startingPosition?: "TRIM_HORIZON" | "LATEST" | null;
  readonly streamStatus?: string;
  readonly expect:
    | {
        readonly startReading?: Record<string, string>;
        readonly open?: readonly string[];
        readonly closed?: readonly string[];
      }
    | string;
}

const shard = (shardId: string, parentShardId?: string, closed = false): ShardDescription => ({
  shardId,
  closed,
  ...(parentShardId && { parentShardId }),
});
const read = (
  shards: readonly ShardDescription[],
  positions: ShardPositions,
  start: "TRIM_HORIZON" | "LATEST",
) => Object.fromEntries(shardsToRead(shards, positions, start));

describe("shards are read in the order of their lineage", () => {
  const cases = readCases<LineageCase>("lineage-cases").filter(
    (each) => typeof each.expect === "object" && each.expect.startReading && each.startingPosition,
  );

  test.each(cases)("$name", ({ shards = [], startingPosition, expect: expected }) => {
    const described = shards.map(({ shardId, parent, end }) =>
      shard(shardId, parent ?? undefined, end !== null),
    );
    const reads = shardsToRead(described, {}, startingPosition ?? "TRIM_HORIZON");
    const types = Object.fromEntries([...reads].map(([shardId, { type }]) => [shardId, type]));
    expect(types).toEqual(typeof expected === "object" ? expected.startReading : {});
  });

  const described = readCases<LineageCase>("lineage-cases").filter(
    (each) => typeof each.expect === "object" && each.expect.open,
  );

  test.each(described)("$name", ({ shards = [], streamStatus, expect: expected }) => {
    const states = withTrueStates(
      shards.map(({ shardId, parent, end }) => shard(shardId, parent ?? undefined, end !== null)),
      streamStatus === "DISABLED",
    );
    const idsOf = (closed: boolean) =>
      states.filter((each) => each.closed === closed).map(({ shardId }) => shardId);
    expect({ open: idsOf(false), closed: idsOf(true) }).toEqual(expected);
  });

  test("an open shard that has children is closed: the description is older than the split", () => {
    expect(withTrueStates([shard("P"), shard("C", "P")])).toEqual([
      shard("P", undefined, true),
      shard("C", "P"),
    ]);
  });

  test("N8: a child waits until its parent is read to its end", () => {
    const shards = [shard("parent", undefined, true), shard("child", "parent")];
    expect(read(shards, {}, "TRIM_HORIZON")).toEqual({ parent: { type: "TRIM_HORIZON" } });
    expect(read(shards, { parent: { type: "SHARD_END" } }, "TRIM_HORIZON")).toEqual({
      child: { type: "TRIM_HORIZON" },
    });
  });

  test("a child whose parent is trimmed away does not wait for it", () => {
    expect(read([shard("child", "gone")], {}, "TRIM_HORIZON")).toEqual({
      child: { type: "TRIM_HORIZON" },
    });
  });

  test("a child found later starts at its beginning, also at LATEST", () => {
    const shards = [shard("root", undefined, true), shard("child", "root")];
    expect(read(shards, { root: { type: "SHARD_END" } }, "LATEST")).toEqual({
      child: { type: "TRIM_HORIZON" },
    });
  });

  test("a shard with a position goes on from there", () => {
    const position = { type: "AFTER", sequenceNumber: "7" } as const;
    expect(read([shard("a")], { a: position }, "LATEST")).toEqual({ a: position });
  });

  test("at LATEST, closed shards and parents are passed over", () => {
    const shards = [
      shard("root", undefined, true),
      shard("child", "root"),
      shard("parent"),
      shard("grandchild", "parent"),
    ];
    const reads = shardsToRead(shards, {}, "LATEST");
    expect(shardsPassedOver(shards, reads)).toEqual(["root", "parent"]);
  });
});
