import { decodeItem } from "../../src/change/attribute-value.js";
import { encodeItem } from "../../src/change/encode-item.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { describeSinkContract } from "./sink-contract.js";

describeSinkContract(
  "the memory sink",
  { keepsTombstones: true, limitsSize: true, runs: 100 },
  async () => {
    const items = source<{ id: string }>({ table: "items", key: ["id"] });
    const sink = createMemorySink();
    return {
      sink,
      view: tableView({ name: "rows-in-memory", source: items, key: ["id"] }),
      asRead: (value) => decodeItem(encodeItem(value)),
      close: () => sink.close(),
    };
  },
);
