import { decodeItem, type Item } from "../../src/change/attribute-value.js";
import { encodeItem } from "../../src/change/encode-item.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { shownOf } from "./contract/collection-subject.js";
import { describeCollectionContract } from "./contract/collections.js";
import { describeSinkContract } from "./sink-contract.js";

function open(tombstones: boolean) {
  const items = source<{ id: string }>({ table: "items", key: ["id"] });
  const sink = createMemorySink(tombstones ? {} : { forgets: () => true });
  return {
    sink,
    view: tableView({ name: "rows-in-memory", source: items, key: ["id"] }),
    asRead: (value: Item) => decodeItem(encodeItem(value)),
    close: () => sink.close(),
  };
}

describeSinkContract(
  "the memory sink",
  { keepsTombstones: true, limitsSize: true, runs: 100 },
  async () => open(true),
);
describeSinkContract(
  "the memory sink that forgets deletions",
  { keepsTombstones: false, limitsSize: true, runs: 100 },
  async () => open(false),
);

describeCollectionContract("the memory sink", 20, async () => {
  const sink = createMemorySink();
  return {
    sink,
    shown: (view, collection) => shownOf(sink, view, collection),
    close: () => sink.close(),
  };
});
