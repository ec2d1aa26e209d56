import type { Item } from "../../change/attribute-value.js";
import type { CacheView } from "../../view/cache-view.js";
import { memberKey, parseMemberKey } from "../../view/member-key.js";
import type { StoredRow } from "../sink.js";
import { parseExactJson } from "./encode-entry.js";
import { parseStamp } from "./read-entries.js";
import { companionKey } from "./redis-key.js";
import { fingerprint } from "./script-call.js";
import type { RedisClient } from "./send-scripts.js";

/** What the ledger knows of a member: that it is held, or since when it is gone. */
export async function readMember(
  redis: RedisClient,
  view: CacheView,
  key: string,
): Promise<StoredRow | undefined> {
  const { collection, member } = parseMemberKey(key);
  const entered = view.type === "set" ? fingerprint(contributorOf(key)) + member : member;
  const ledger = companionKey(collection, "ledger");
  const [held, buried] = await redis.hmget(ledger, `=${entered}`, `-${entered}`);
  if (held) {
    const { version, owner, rest } = parseStamp(held);
    return { key, version, owner, value: memberValue(view, member, rest) };
  }
  if (!buried) return undefined;
  const { version, owner } = parseStamp(buried);
  return { key, version, owner };
}

/** What people read under a collection's key, member by member; nothing where Millrace does not vouch for it. */
export async function* readCollection(
  redis: RedisClient,
  view: CacheView,
  key: string,
): AsyncGenerator<StoredRow> {
  const ledger = await redis.hgetall(companionKey(key, "ledger"));
  if (view.type === "set") yield* setRows(key, ledger, await redis.smembers(key));
  else if (view.type === "list") {
    const members = await redis.zrevrange(companionKey(key, "ranking"), 0, -1);
    const elements = await redis.lrange(key, 0, -1);
    for (const [i, element] of elements.entries()) {
      const member = members[i] ?? "";
      const stamp = ledger[`=${member}`];
      if (stamp === undefined) continue;
      const { version, owner, rest } = parseStamp(stamp);
      const { score } = memberValue(view, member, rest);
      const value: Item = { member, score, value: parseExactJson(element) };
      yield { key: memberKey(key, member), version, owner, value };
    }
  } else {
    const read = await redis.zrevrange(key, 0, -1, "WITHSCORES");
    for (let i = 0; i < read.length; i += 2) {
      const member = read[i] as string;
      const stamp = ledger[`=${member}`];
      if (stamp === undefined) continue;
      const { version, owner } = parseStamp(stamp);
      const value = { member, score: Number(read[i + 1]) };
      yield { key: memberKey(key, member), version, owner, value };
    }
  }
}

function* setRows(
  key: string,
  ledger: Readonly<Record<string, string>>,
  members: readonly string[],
): Generator<StoredRow> {
  const contributions = new Map<string, string>();
  for (const [field, stamp] of Object.entries(ledger))
    if (field.startsWith("=")) contributions.set(field.slice(9), stamp);
  for (const member of members) {
    const stamp = contributions.get(member);
    if (stamp === undefined) continue;
    const { version, owner } = parseStamp(stamp);
    yield { key: memberKey(key, member), version, owner, value: { member } };
  }
}

/** The item that contributes a set's member: the third part of its row's key. */
function contributorOf(key: string): string {
  return String((JSON.parse(key) as readonly unknown[])[2]);
}

/** The value of a member's row, from what follows its stamp: score, ~, value. */
function memberValue(view: CacheView, member: string, rest: string): Item {
  if (view.type === "set") return { member };
  const end = rest.indexOf("~");
  const score = Number(rest.slice(0, end));
  if (view.type === "sorted-set") return { member, score };
  return { member, score, value: parseExactJson(rest.slice(end + 1)) };
}
