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
    return { pid: started.pid ?? 0, ended: once(started, "exit"), servers, lines };
  }

  test.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "do not outlive an owner that is ended by %s",
    async (signal) => {
      const { pid, ended, servers } = await startOwner();
      process.kill(pid, signal);
      await ended;
      await untilGone(servers);
    },
  );

  test("leave Ctrl-C to their owner, who stops them when it is done with them", async () => {
    const { pid, ended, servers, lines } = await startOwner("--stop-on-interrupt");
    process.kill(-pid, "SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(lines).toEqual([]);
    await untilGone(servers);
  });

  test("leave no watchdog behind when they are killed, and say how they ended", async () => {
    const server = await startRedisServer();
    const commands = () => commandsOf(server.port);
    expect(await commands()).not.toEqual([]);
    process.kill(server.pid, "SIGKILL");
    expect(await server.died).toMatch(/^redis-server: SIGKILL/);
    await until(async () => (await commands()).length === 0);
    await server.stop();
  });

  test("can be stopped twice, and that is not told as a death", async () => {
    const server = await startRedisServer();
    const died = server.died.then(() => "died");
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(await isAnswering(server.port)).toBe(false);
    expect(await Promise.race([died, Promise.resolve("still waiting")])).toBe("still waiting");
  });
});

async function areAnswering({ dynamodb, redis }: OwnedServers): Promise<boolean[]> {
  return Promise.all([isAnswering(dynamodb.port), isAnswering(redis.port)]);
}

async function untilGone(servers: OwnedServers): Promise<void> {
  const commands = async () => [
    ...(await commandsOf(servers.dynamodb.port)),
    ...(await commandsOf(servers.redis.port)),
  ];
  await until(async () => (await commands()).length === 0);
  expect(await areAnswering(servers)).toEqual([false, false]);
}

/** Command lines of all processes, servers and watchdogs alike, that name a port. */
async function commandsOf(port: number): Promise<string[]> {
  const ps = spawn("ps", ["-A", "-o", "args="], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  ps.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(ps, "close");
  return output.split("\n").filter((line) => new RegExp(`\\b${port}\\b`).test(line));
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
