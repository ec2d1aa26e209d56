import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { afterEach, describe, expect, test } from "@jest/globals";

import { isAnswering } from "../../../src/local/embedded/free-port.js";
import { startRedisServer } from "../../../src/local/embedded/redis-server.js";
import type { OwnedServers } from "./owner.js";

describe("embedded servers", () => {
  let owner: ChildProcess | undefined;
  afterEach(() => {
    owner?.kill("SIGKILL");
  });

  async function startOwner(...args: string[]) {
    const started = spawn(
      process.execPath,
      ["--import", "tsx", "test/local/embedded/owner.ts", ...args],
      {
        env: { ...process.env, NODE_OPTIONS: "" },
        stdio: ["ignore", "pipe", "inherit"],
        // A group of its own stands for a terminal: a signal to the group is what Ctrl-C sends.
        detached: true,
      },
    );
    owner = started;
    const lines: string[] = [];
    const reader = createInterface(started.stdout);
    reader.on("line", (line) => lines.push(line));
    await once(reader, "line");
    const servers = JSON.parse(lines.shift() ?? "") as OwnedServers;
    expect(await areAnswering(servers)).toEqual([true, true]);
    const named = [
      await processesNaming(servers.dynamodb.port),
      await processesNaming(servers.redis.port),
    ];
    for (const found of named) expect(found).not.toEqual([]);
    return { pid: started.pid ?? 0, ended: once(started, "exit"), lines, owned: named.flat() };
  }

  test.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "do not outlive an owner that is ended by %s",
    async (signal) => {
      const { pid, ended, owned } = await startOwner();
      process.kill(pid, signal);
      await ended;
      await untilGone(owned);
    },
  );

  test("leave Ctrl-C to their owner, who stops them when it is done with them", async () => {
    const { pid, ended, lines, owned } = await startOwner("--stop-on-interrupt");
    process.kill(-pid, "SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(lines).toEqual([]);
    await untilGone(owned);
  });

  test("leave no watchdog behind when they are killed, and say how they ended", async () => {
    const server = await startRedisServer();
    const owned = await processesNaming(server.port);
    expect(owned).not.toEqual([]);
    process.kill(server.pid, "SIGKILL");
    expect(await server.died).toMatch(/^redis-server: SIGKILL/);
    await untilGone(owned);
    await server.stop();
  });

  test("can be stopped twice, and that is not told as a death", async () => {
    const server = await startRedisServer();
    const owned = await processesNaming(server.port);
    expect(owned).not.toEqual([]);
    const died = server.died.then(() => "died");
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    // At once: whoever stopped it may count on that.
    expect((await processes()).filter((line) => line.startsWith(`${server.pid} `))).toEqual([]);
    await untilGone(owned);
    expect(await Promise.race([died, Promise.resolve("still waiting")])).toBe("still waiting");
  });
});

async function areAnswering({ dynamodb, redis }: OwnedServers): Promise<boolean[]> {
  return Promise.all([isAnswering(dynamodb.port), isAnswering(redis.port)]);
}

/** By process, not by port: a test beside this one may be given a port as soon as it is free. */
async function untilGone(owned: readonly string[]): Promise<void> {
  await until(async () => {
    const running = new Set(await processes());
    return !owned.some((process) => running.has(process));
  });
}

/** Processes, servers and watchdogs alike, whose command line names a port. */
async function processesNaming(port: number): Promise<string[]> {
  return (await processes()).filter((line) => new RegExp(`\\s.*\\b${port}\\b`).test(line));
}

/** Process id and command line of every process; one that has ended and is only not yet reaped has another line. */
async function processes(): Promise<string[]> {
  const ps = spawn("ps", ["-A", "-ww", "-o", "pid=,args="], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  ps.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(ps, "close");
  return output.split("\n").map((line) => line.trim());
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
