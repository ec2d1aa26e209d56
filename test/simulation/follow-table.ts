import type { Item } from "../../src/change/attribute-value.js";
import { RESERVED_ATTRIBUTE } from "../../src/change/reserved.js";
import type { Sink, StoredRow } from "../../src/sink/sink.js";
import type { Mutation } from "../../src/view/row.js";
import type { View } from "../../src/view/view.js";
import type { SourceTable } from "./source-table.js";

/**
 * A sink one of whose tables has a stream, so that further views can follow it.
 *
 * What the stream carries is what DynamoDB's would: rows with their bookkeeping, and tombstones as items.
 */
export function followTable(sink: Sink, name: string, stream: SourceTable): Sink {
  let last: Promise<unknown> = Promise.resolve();

  async function changeFollowed(mutation: Mutation<View>, how: "apply" | "correct") {
    const [result] = await sink[how]([mutation]);
    const row = await sink.get(mutation.view, mutation.key);
    stream.write(keyOf(mutation), row && asStored(row, keyOf(mutation)));
    return result!;
  }

  const followed =
    (how: "apply" | "correct"): Sink["apply"] =>
    async (mutations) => {
      const results = [];
      for (const mutation of mutations) {
        if (mutation.view.name !== name) {
          results.push((await sink[how]([mutation]))[0]!);
          continue;
        }
        // One after the other: DynamoDB writes a row and its record in one.
        const turn = last.then(() => changeFollowed(mutation, how));
        last = turn;
        results.push(await turn);
      }
      return results;
    };
  return { ...sink, apply: followed("apply"), correct: followed("correct") };
}

function keyOf({ view, value }: Mutation<View>): Item {
  const names = view.kind === "table-view" ? view.key.map(({ name }) => name) : [];
  return Object.fromEntries(names.map((key) => [key, value[key]]));
}

function asStored({ version, owner, value }: StoredRow, key: Item): Item {
  const bookkeeping = { v: version, k: owner, ...(!value && { d: true }) };
  return { ...(value ?? key), [RESERVED_ATTRIBUTE]: bookkeeping };
}
