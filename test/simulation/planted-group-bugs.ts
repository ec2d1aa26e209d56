import { decodeItem } from "../../src/change/attribute-value.js";
import type { StreamRecord } from "../../src/change/decode-record.js";
import { encodeItem } from "../../src/change/encode-item.js";
import { keyText } from "../../src/change/item-key.js";
import { MillraceError } from "../../src/errors.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import type { Action, Store } from "../../src/sink/aggregate/store.js";
import {
  contributionPlace,
  encodeContribution,
  placeText,
} from "../../src/sink/aggregate/workings.js";
import type { AggregateView } from "../../src/view/aggregate/aggregate-view.js";
import type { Contribution } from "../../src/view/aggregate/contribution.js";
import { about, type PlantedBug, type Plants } from "./plants.js";

/** Mistakes that are easy to make with views of groups; each is what somebody's published sample does. */
export const GROUP_BUGS: Readonly<Record<string, PlantedBug>> = {
  "the delta taken from the old image": about("groups under redelivery", deltaFromOldImage()),
  "sums in floating point": about("groups under redelivery", {
    store: (store) => withWrites(store, inFloatingPoint(store)),
  }),
  "contributions written whatever is stored": about("groups and their writers", {
    store: (store) =>
      withActions(store, (action) => (isContribution(action) ? unconditional(action) : action)),
  }),
  "contribution and counter in two writes": about("groups under redelivery", {
    aggregates: (store) => createAggregateSink({ store: inSeveralWrites(store) }),
  }),
  "the greatest value kept when its holder leaves": about("groups under redelivery", {
    store: (store) =>
      withActions(store, (action) => (isEntryDeletion(action) ? asCheck(action) : action)),
  }),
  "a row written whatever was written meanwhile": about("groups and their writers", {
    store: (store) => ({
      ...store,
      write: (write) => store.write(write.type === "put" ? unconditional(write) : write),
    }),
  }),
  "rows left unsettled by a crash": about("groups under redelivery", {
    aggregates: (store) => createAggregateSink({ store: forgettingWhatWasLeft(store) }),
  }),
  "a conflict among failed conditions taken for poison": about("groups and their writers", {
    aggregates: (store) => ({
      ...createAggregateSink({ store }),
      apply: async (mutations) =>
        (await createAggregateSink({ store }).apply(mutations)).map((result) =>
          result.outcome === "failed" && /conflict/.test(result.error.message)
            ? { outcome: "failed", error: new MillraceError("refused", result.error.message) }
            : result,
        ),
    }),
  }),
};

function isContribution({ key }: Action): boolean {
  return JSON.stringify(key).includes("item#");
}

function isEntryDeletion({ type, key }: Action): boolean {
  return type === "delete" && JSON.stringify(key).includes("order#");
}

function unconditional<W extends Action>(write: W): W {
  const { condition: _condition, ...rest } = write;
  return rest as W;
}

/** Nothing done, in the action's place. */
function asCheck({ table, key }: Action): Action {
  return { type: "add", table, key, numbers: {} };
}

function withActions(store: Store, change: (action: Action) => Action): Store {
  return { ...store, transact: (actions) => store.transact(actions.map(change)) };
}

type Change = (actions: readonly Action[]) => Promise<readonly Action[]>;

function withWrites(store: Store, change: Change): Store {
  return { ...store, transact: async (actions) => store.transact(await change(actions)) };
}

/** What is added is what a double makes of the sum, less what was there. */
function inFloatingPoint(store: Store): Change {
  const sum = (before: string | undefined, number: string) =>
    String(Number(before ?? 0) + Number(number));
  return async (actions) => {
    const stored = await store.read(actions);
    return actions.map((action, i) => {
      if (action.type !== "add") return action;
      const set = { ...action.set };
      for (const [name, number] of Object.entries(action.numbers))
        set[name] = { N: sum(stored[i]?.[name]?.N, number) };
      return { ...action, numbers: {}, set };
    });
  };
}

function inSeveralWrites(store: Store): Store {
  return {
    ...store,
    async transact(actions) {
      for (const action of actions) {
        if (action.type === "check") continue;
        const answer = await store.write(action);
        if (answer === "refused")
          return {
            done: false,
            reasons: actions.map((each) => (each === action ? "condition" : "none")),
          };
      }
      return { done: true };
    },
  };
}

/** Contributions without the groups left, and nothing at all of one that is found as new as it should be. */
function forgettingWhatWasLeft(store: Store): Store {
  const forget = (action: Action): Action =>
    action.type === "put" && isContribution(action)
      ? { ...action, attributes: { ...action.attributes, ...encodeItem({ l: [] }) } }
      : action;
  return withActions(store, forget);
}

/** Takes for an item's contribution what its record says it was, and not what is stored. */
function deltaFromOldImage(): Plants {
  const images = new Map<string, StreamRecord>();
  return {
    records: (records) => {
      const seen = new Set<string>();
      for (const record of records) {
        const owner = ownerOf(record);
        if (!seen.has(owner)) images.set(owner, record);
        seen.add(owner);
      }
      return records;
    },
    aggregates: (store) => ({
      ...createAggregateSink({ store }),
      apply: (mutations) => {
        const views = new Map(
          mutations.map(({ view, owner }) => [
            placeText(contributionPlace(view, owner)),
            { view, owner },
          ]),
        );
        const read: Store["read"] = async (places) => {
          const stored = await store.read(places);
          return places.map((place, i) => {
            const asked = views.get(placeText(place));
            return asked ? believed(asked.view, images.get(asked.owner), stored[i]) : stored[i];
          });
        };
        const blind = withActions({ ...store, read }, (action) =>
          action.type === "check" ? action : unconditional(action),
        );
        return createAggregateSink({ store: blind }).apply(mutations);
      },
    }),
  };
}

function ownerOf({ dynamodb }: StreamRecord): string {
  const keys = decodeItem(dynamodb?.Keys ?? {});
  return keyText(Object.keys(keys), keys);
}

type Stored = Awaited<ReturnType<Store["read"]>>[number];

function believed(view: AggregateView, record: StreamRecord | undefined, stored: Stored): Stored {
  const wire = record?.dynamodb?.OldImage;
  const [row] = wire ? view.rowsOf(decodeItem(wire)) : [];
  if (!row) return undefined;
  const { parts } = row.value as unknown as Contribution;
  const version = stored?.["v"]?.S?.replace(/\d{40}$/, "0".repeat(40)) ?? "";
  return version === ""
    ? undefined
    : encodeContribution({ version: version as never, corrections: 0, parts, left: [] }, 0);
}
