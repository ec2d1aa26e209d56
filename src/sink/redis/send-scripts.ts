import { Cluster, type Redis } from "ioredis";

import type { ScriptCall } from "./script-call.js";
import { SCRIPTS } from "./scripts.generated.js";

/** A single node, or a cluster. */
export type RedisClient = Redis | Cluster;

/** What a script answers. */
export type Reply = number | string;

type ScriptName = ScriptCall["script"];
type Commands = Record<string, (...args: (string | number)[]) => Promise<(Reply | Error)[]>>;

/** Makes every script a command of the client: sent by EVALSHA, and whole where the server has not got it. */
export function defineScripts(redis: RedisClient): void {
  for (const [name, { lua }] of Object.entries(SCRIPTS))
    redis.defineCommand(commandOf(name as ScriptName), { lua });
}

/**
 * Sends scripts without waiting in between and answers each with its reply or its error; never rejects.
 *
 * On one node, calls of one script go as one command. In a cluster each finds its own node, and is sent on by itself
 * where a slot has moved or is moving, which calls of many slots together could not be.
 */
export async function sendScripts(
  redis: RedisClient,
  calls: readonly ScriptCall[],
): Promise<readonly (Reply | Error)[]> {
  const replies = new Array<Reply | Error>(calls.length);
  await Promise.all(
    groups(calls, redis instanceof Cluster).map(async (group) => {
      const answers = await sendGroup(
        redis,
        group.map((i) => calls[i] as ScriptCall),
      ).catch((error: Error) => group.map(() => error));
      group.forEach((i, n) => (replies[i] = answers[n] ?? new Error("no reply")));
    }),
  );
  return replies;
}

/** Sends one script; rejects with the server's or the connection's error. */
export async function sendScript(redis: RedisClient, call: ScriptCall): Promise<Reply> {
  const [reply = new Error("no reply")] = await sendGroup(redis, [call]);
  if (reply instanceof Error) throw reply;
  return reply;
}

/** Which calls go together, by their positions. */
function groups(calls: readonly ScriptCall[], isCluster: boolean): number[][] {
  if (isCluster) return calls.map((_, i) => [i]);
  const byScript = new Map<ScriptName, number[]>();
  calls.forEach(({ script }, i) => {
    const group = byScript.get(script);
    if (group) group.push(i);
    else byScript.set(script, [i]);
  });
  return [...byScript.values()];
}

/**
 * Sends calls of one script as one command: the keys of all, then the arguments of each, preceded by their number where
 * the script takes any number.
 */
async function sendGroup(
  redis: RedisClient,
  calls: readonly ScriptCall[],
): Promise<(Reply | Error)[]> {
  const [first] = calls;
  if (!first) return [];
  const { numberOfKeys, numberOfArguments } = SCRIPTS[first.script];
  const sent: (string | number)[] = [calls.length * numberOfKeys];
  for (const { args } of calls) for (let i = 0; i < numberOfKeys; i++) sent.push(args[i] as string);
  for (const { args } of calls) {
    const count = args.length - numberOfKeys;
    if (numberOfArguments === undefined) sent.push(count);
    else if (count !== numberOfArguments)
      throw new TypeError(`${first.script} takes ${numberOfArguments} arguments, not ${count}`);
    for (let i = numberOfKeys; i < args.length; i++) sent.push(args[i] as string);
  }
  const send = (redis as unknown as Commands)[commandOf(first.script)];
  return (await send?.apply(redis, sent)) ?? [];
}

function commandOf(script: ScriptName): string {
  return `millrace${script.charAt(0).toUpperCase()}${script.slice(1)}`;
}
