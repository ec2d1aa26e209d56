import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createConnection } from "node:net";
import { join, resolve } from "node:path";

import { MillraceError } from "../../errors.js";
import { type ChildServer, freePort, requireFreePort, startChildServer } from "./child-server.js";

/** A Redis or Valkey server, running. */
export interface RedisServer extends ChildServer {
  readonly url: string;
}

/** What {@link startRedisServer} takes. */
export interface RedisServerOptions {
  /** A free one where none is given. */
  readonly port?: number;
  /** Folder of the append-only file; nothing is kept where none is given. */
  readonly dataDirectory?: string;
  /** Further arguments of the server. */
  readonly args?: readonly string[];
}

const NAMES = ["redis-server", "valkey-server"];
const FOLDERS = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"];

/**
 * Starts a real `redis-server`, or a `valkey-server` where there is no other, on the loopback interface.
 *
 * @throws `configuration` when neither is installed or the port is taken, saying what to install or do.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { dataDirectory, args = [] } = options;
  const command = findRedis();
  if (options.port) await requireFreePort("redis-server", options.port);
  const port = options.port || (await freePort());
  if (dataDirectory !== undefined) mkdirSync(dataDirectory, { recursive: true });
  const storage =
    dataDirectory === undefined ? [] : ["--appendonly", "yes", "--dir", resolve(dataDirectory)];
  const server = await startChildServer({
    name: "redis-server",
    command,
    args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", ...storage, ...args],
    port,
    isReady: () => answersPing(port),
  });
  return { ...server, url: `redis://127.0.0.1:${port}` };
}

function findRedis(): string {
  const candidates = NAMES.flatMap((name) => [
    name,
    ...FOLDERS.map((folder) => join(folder, name)).filter((path) => existsSync(path)),
  ]);
  const found = candidates.find((command) => spawnSync(command, ["--version"]).status === 0);
  if (found !== undefined) return found;
  const remedy =
    process.platform === "darwin" ? "brew install redis" : "apt-get install redis-server";
  throw new MillraceError(
    "configuration",
    `no redis-server or valkey-server was found; ${remedy}, or set REDIS_URL to one that runs`,
  );
}

/** Speaks just enough of the protocol to know that the server is up and has loaded its data. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const finish = (ready: boolean) => {
      socket.destroy();
      answer(ready);
    };
    socket.once("data", (reply) => finish(reply.toString().startsWith("+PONG")));
    socket.once("error", () => finish(false));
  });
}
