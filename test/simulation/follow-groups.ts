import { decodeItem } from "../../src/change/attribute-value.js";
import type { Place, Store } from "../../src/sink/aggregate/store.js";
import type { SourceTable } from "./source-table.js";

/** A store one of whose tables has a stream, so that further views can follow the groups in it. */
export function followGroups(store: Store, stream: SourceTable): Store {
  async function tell(places: readonly Place[]): Promise<void> {
    for (const place of places.filter(({ table }) => table === stream.table)) {
      const [wire] = await store.read([place]);
      stream.write(decodeItem(place.key), wire && decodeItem(wire));
    }
  }
  return {
    ...store,
    async transact(actions) {
      const answer = await store.transact(actions);
      if (answer.done) await tell(actions);
      return answer;
    },
    async write(write) {
      const answer = await store.write(write);
      if (answer === "done") await tell([write]);
      return answer;
    },
  };
}
