import { hash } from "node:crypto";

import type { Item } from "../../change/attribute-value.js";
import { unreachable } from "../../errors.js";
import type { CacheView } from "../../view/cache-view.js";
import { parseMemberKey } from "../../view/member-key.js";
import type { Mutation, Put } from "../../view/row.js";
import { TOMBSTONE_TTL_SECONDS } from "../sink.js";
import { encodeHashEntry, encodeJson, encodeJsonEntry } from "./encode-entry.js";
import { expiresAtSeconds } from "./expiry.js";
import { companionKey } from "./redis-key.js";
import type { SCRIPTS } from "./scripts.generated.js";

/** One script and what it is given, keys first. */
export interface ScriptCall {
  readonly script: keyof typeof SCRIPTS;
  readonly args: readonly (string | number)[];
  /** Whether the mutation asks to keep what is too large, and the call makes it absent instead. */
  readonly isTooLarge?: boolean;
}

/** 1 to change exactly the version that a mutation has, 0 to change what is older. */
export type Correct = 0 | 1;

/**
 * The script that does what a mutation asks.
 *
 * @throws `invalid-row` for what Redis cannot hold.
 */
export function scriptCall(mutation: Mutation<CacheView>, correct: Correct = 0): ScriptCall {
  const { view } = mutation;
  switch (view.type) {
    case "json":
    case "hash":
      return mutation.type === "put"
        ? putEntry(mutation, correct)
        : deleteEntry(mutation, "", correct);
    case "sorted-set":
    case "list":
      return rankedMember(mutation, correct);
    case "set":
      return setMember(mutation, correct);
    case "stream":
    case "channel":
      return notification(mutation);
    default:
      return unreachable(view.type);
  }
}

/**
 * Tells the source items of one key apart in 8 characters; 48 bits, so two of them do not meet by chance.
 *
 * Of a fingerprint it is that fingerprint: a correction names the owner as it was read.
 */
export function fingerprint(owner: string): string {
  if (/^[\w-]{8}$/.test(owner)) return owner;
  return hash("sha256", owner, "base64url").slice(0, 8);
}

function putEntry(mutation: Put<CacheView>, correct: Correct): ScriptCall {
  const { view, key, version, value } = mutation;
  const owner = fingerprint(mutation.owner);
  const keys = [key, companionKey(key, "note")];
  const expiresAtMs = expiresAtSeconds(view, key, mutation.changedAtSeconds) * 1000;
  const ifPresent = view.isHot(value) ? 0 : TOMBSTONE_TTL_SECONDS;
  if (view.type === "hash") {
    const fields = encodeHashEntry(value);
    if (isTooLarge(view, fields))
      return { ...deleteEntry(mutation, "+", correct), isTooLarge: true };
    return {
      script: "putHash",
      args: [...keys, version, owner, expiresAtMs, ifPresent, correct, ...fields],
    };
  }
  const text = encodeJsonEntry(`${version}~${owner}`, value);
  if (isTooLarge(view, [text])) return { ...deleteEntry(mutation, "+", correct), isTooLarge: true };
  const isUsual = ifPresent === 0 && !correct;
  const terms = isUsual ? expiresAtMs : `${correct ? "=" : "<"}${ifPresent},${expiresAtMs}`;
  return { script: "putJson", args: [...keys, text, terms] };
}

/** Whether an entry weighs more than its view allows: a JSON text as it is kept, a hash by its names and values. */
export function isTooLarge({ maxValueBytes }: CacheView, texts: readonly string[]): boolean {
  if (maxValueBytes === undefined) return false;
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) > maxValueBytes;
}

function deleteEntry(
  { key, version, owner }: Mutation<CacheView>,
  state: "" | "+",
  correct: Correct,
): ScriptCall {
  const keys = [key, companionKey(key, "note")];
  return {
    script: "delete",
    args: [...keys, version, fingerprint(owner), state, TOMBSTONE_TTL_SECONDS, correct],
  };
}

function rankedMember(mutation: Mutation<CacheView>, correct: Correct): ScriptCall {
  const { view, value } = mutation;
  const { collection, member } = parseMemberKey(mutation.key);
  const keep = view.keep ?? 0;
  // Where all are shown, what people read is the ranking itself.
  const ranking = keep === 0 ? collection : companionKey(collection, "ranking");
  const keys = [collection, ranking, companionKey(collection, "ledger")];
  const common = [...keys, mutation.version, fingerprint(mutation.owner), member];
  const end = [lifeEnd(mutation, collection), TOMBSTONE_TTL_SECONDS, correct];
  const isList = view.type === "list";
  if (mutation.type === "delete") {
    const script = isList ? "deleteListElement" : "deleteSortedMember";
    return { script, args: [...common, keep, ...end] };
  }
  const score = String(value["score"]);
  const limits = [keep, keep === 0 ? 0 : keep + view.spare];
  if (!isList) return { script: "putSortedMember", args: [...common, score, ...limits, ...end] };
  const json = encodeJson(value["value"] as Item);
  return { script: "putListElement", args: [...common, score, json, ...limits, ...end] };
}

function setMember(mutation: Mutation<CacheView>, correct: Correct): ScriptCall {
  const { collection, member } = parseMemberKey(mutation.key);
  const script = mutation.type === "put" ? "putSetMember" : "deleteSetMember";
  const keys = [collection, companionKey(collection, "ledger")];
  const what = [mutation.version, fingerprint(mutation.owner), member];
  return {
    script,
    args: [...keys, ...what, lifeEnd(mutation, collection), TOMBSTONE_TTL_SECONDS, correct],
  };
}

function notification(mutation: Mutation<CacheView>): ScriptCall {
  const { view, type, version, value } = mutation;
  const { collection, member } = parseMemberKey(mutation.key);
  const ledger = companionKey(collection, "ledger");
  const what = [version, fingerprint(mutation.owner), member];
  const json = encodeJson(value);
  if (view.type === "stream") {
    const args = [collection, ledger, ...what, type, json, view.maxLength, TOMBSTONE_TTL_SECONDS];
    return { script: "notifyStream", args };
  }
  const head = JSON.stringify({ change: type, member, version }).slice(0, -1);
  const message = `${head},"value":${json}}`;
  return {
    script: "notifyChannel",
    args: [ledger, ...what, collection, message, TOMBSTONE_TTL_SECONDS],
  };
}

/** Ten digits, as the scripts compare times as text; 0 for never. */
function lifeEnd({ view, changedAtSeconds }: Mutation<CacheView>, collection: string): string {
  const seconds = expiresAtSeconds(view, collection, changedAtSeconds);
  return seconds === 0 ? "0" : String(seconds).padStart(10, "0");
}
