import { Cluster, type Redis } from "ioredis";

import type { ScriptCall } from "./script-call.js";
import { SCRIPTS } from "./scripts.generated.js";

/** A single node, or a cluster. */
export type RedisClient = Redis | Cluster;

/** What a script answers. */
export type Reply = number | string;

type ScriptName = ScriptCall["script"];
type Commands<Result> = Record<string, (...args: (string | number)[]) => Result>;

/** Makes every script a command of the client: sent by EVALSHA, and whole where the server has not got it. */
export function defineScripts(redis: RedisClient): void {
  for (const [name, script] of Object.entries(SCRIPTS))
    redis.defineCommand(commandOf(name as ScriptName), script);
}

/**
 * Sends scripts without waiting in between and answers each with its reply or its error; never rejects.
 *
 * On one node they go in one pipeline. In a cluster each finds its own node, and is sent on by itself where a slot has
 * moved or is moving, which a pipeline as a whole could not be.
 */
export async function sendScripts(
  redis: RedisClient,
  calls: readonly ScriptCall[],
): Promise<readonly (Reply | Error)[]> {
  if (calls.length === 0) return [];
  if (redis instanceof Cluster) {
    return Promise.all(calls.map((call) => sendScript(redis, call).catch((error: Error) => error)));
  }
  const pipeline = redis.pipeline();
  const commands = pipeline as unknown as Commands<void>;
  for (const { script, args } of calls) commands[commandOf(script)]?.(...args);
  try {
    const answers = (await pipeline.exec()) ?? [];
    return calls.map((_, n) => answers[n]?.[0] ?? (answers[n]?.[1] as Reply));
  } catch (thrown) {
    return calls.map(() => thrown as Error);
  }
}

/** Sends one script; rejects with the server's or the connection's error. */
export async function sendScript(redis: RedisClient, { script, args }: ScriptCall): Promise<Reply> {
  const commands = redis as unknown as Commands<Promise<Reply>>;
  const answer = await commands[commandOf(script)]?.(...args);
  return answer as Reply;
}

function commandOf(script: ScriptName): string {
  return `millrace${script.charAt(0).toUpperCase()}${script.slice(1)}`;
}
