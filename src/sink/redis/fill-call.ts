import type { Item } from "../../change/attribute-value.js";
import type { Version } from "../../change/version.js";
import type { CacheView } from "../../view/cache-view.js";
import { encodeHashEntry, encodeJsonEntry } from "./encode-entry.js";
import { ttlOf } from "./expiry.js";
import { companionKey } from "./redis-key.js";
import { fingerprint, isTooLarge, type ScriptCall } from "./script-call.js";

/** What a reader who holds the lease of a key fills it with. */
export interface FillOptions {
  readonly view: CacheView;
  readonly key: string;
  readonly token: string;
  readonly version: Version;
  /** Key text of the source item. */
  readonly owner: string;
  readonly value: Item;
}

/** The script that fills an entry; `undefined` where it is larger than its view allows. */
export function fillCall(options: FillOptions): ScriptCall | undefined {
  const { view, key, token, version, value } = options;
  const owner = fingerprint(options.owner);
  const keys = [key, companionKey(key, "note")];
  const ttlMs = ttlOf(view, key) * 1000;
  if (view.type === "hash") {
    const fields = encodeHashEntry(value);
    if (isTooLarge(view, fields)) return undefined;
    return { script: "fillHash", args: [...keys, token, version, owner, ttlMs, ...fields] };
  }
  const text = encodeJsonEntry(`${version}~${owner}`, value);
  if (isTooLarge(view, [text])) return undefined;
  return { script: "fillJson", args: [...keys, token, text, ttlMs] };
}
