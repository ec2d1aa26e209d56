import { createConnection } from "node:net";
import { resolve } from "node:path";

import { type ChildServer, startChildServer } from "./child-server.js";
import { findRedis } from "./find-redis.js";

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

/**
 * Starts a real `redis-server`, or a `valkey-server` where there is no other, on the loopback interface.
 *
 * @throws `configuration` when neither is installed, the port is taken or the folder is in use, saying what to do;
 * `unavailable` with the server's own words when it does not start.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { args = [] } = options;
  const dataDirectory = options.dataDirectory && resolve(options.dataDirectory);
  const storage =
    dataDirectory === undefined ? [] : ["--appendonly", "yes", "--dir", dataDirectory];
  const server = await startChildServer({
    name: "redis-server",
    command: findRedis(),
    args: (port) => {
      return ["--port", String(port), "--bind", "127.0.0.1", "--save", "", ...storage, ...args];
    },
    port: options.port,
    dataDirectory,
    isReady: answersPing,
  });
  return { ...server, url: `redis://127.0.0.1:${server.port}` };
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
    socket.once("close", () => finish(false));
  });
}
