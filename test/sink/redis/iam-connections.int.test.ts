import { createServer, type Server, type Socket } from "node:net";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Cluster, Redis } from "ioredis";

import { redisClient } from "../../../src/compose-cache.js";
import { readConfig } from "../../../src/config.js";
import { type RedisServer, startRedisServer } from "../../../src/local/embedded/redis-server.js";
import { iamConnections } from "../../../src/sink/redis/iam-connections.js";
import { startRedisCluster, type TestCluster } from "../../support/redis-cluster.js";

const clients: (Redis | Cluster)[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));

/** A client that is closed after the test, however that ends. */
function closed<C extends Redis | Cluster>(client: C): C {
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

/** Tokens that servers take until they are ended. */
function tokensOf(servers: readonly RedisServer[]) {
  const admins = servers.map(({ url }) => closed(new Redis(url)));
  const made: string[] = [];
  const state = { isAway: false };
  const sign = async () => {
    if (state.isAway) throw new Error("no credentials");
    const token = `token-${made.length}`;
    made.push(token);
    const rules = ["on", `>${token}`, "~*", "&*", "+@all"];
    for (const admin of admins) await admin.acl("SETUSER", "signed", ...rules);
    return token;
  };
  /** Ends all connections, and with them all tokens so far. */
  const kill = async () => {
    for (const admin of admins) await admin.acl("SETUSER", "signed", "resetpass");
    for (const admin of admins) await admin.client("KILL", "USER", "signed");
  };
  return { sign, made, state, kill };
}

/** Asks until it is answered: a connection that was ended is made anew. */
async function answered(redis: Redis | Cluster, key: string): Promise<string> {
  for (;;) {
    const answer = await redis.set(key, "1").catch(() => undefined);
    if (answer) return redis.call("ACL", "WHOAMI") as Promise<string>;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("connections that show a token of IAM", () => {
  const opened = {} as { server: RedisServer; cluster: TestCluster };
  beforeAll(async () => {
    [opened.server, opened.cluster] = await Promise.all([startRedisServer(), startRedisCluster(3)]);
  });
  afterAll(async () => {
    await Promise.all([opened.server.stop(), opened.cluster.stop()]);
  });
  const OPTIONS = { maxRetriesPerRequest: 1, commandTimeout: 2_000 };

  test("G48: each connection shows a token of its own, also the one after it was ended, or no token was to be had", async () => {
    const { port } = opened.server;
    const tokens = tokensOf([opened.server]);
    const { options } = iamConnections("signed", tokens.sign);
    const redis = closed(new Redis({ ...OPTIONS, ...options, port, lazyConnect: true, retryStrategy: () => 10 })); // prettier-ignore
    expect(tokens.made).toEqual([]);
    expect(await answered(redis, "a")).toBe("signed");
    expect(tokens.made).toEqual(["token-0"]);
    await tokens.kill();
    expect(await answered(redis, "b")).toBe("signed");
    expect(tokens.made.length).toBeGreaterThan(1);
    tokens.state.isAway = true;
    await tokens.kill();
    await expect(redis.get("a")).rejects.toThrow();
    tokens.state.isAway = false;
    expect(await answered(redis, "c")).toBe("signed");
  });

  test("G48: every node of a cluster is shown one", async () => {
    const tokens = tokensOf(opened.cluster.servers);
    const { options } = iamConnections("signed", tokens.sign);
    const { port } = opened.cluster.servers[0]!;
    const redisOptions = { ...OPTIONS, ...options };
    const redis = closed(new Cluster([{ host: "127.0.0.1", port }], { redisOptions, lazyConnect: true })); // prettier-ignore
    for (const key of ["a", "b", "c", "d", "e", "f"]) await answered(redis, key);
    await tokens.kill();
    for (const key of ["a", "b", "c", "d", "e", "f"]) await answered(redis, key);
  });

  test("G48: a connection that lives long is shown a new one from time to time, until it is closed", async () => {
    const { port } = opened.server;
    const tokens = tokensOf([opened.server]);
    const connections = iamConnections("signed", tokens.sign, 20);
    const redis = closed(new Redis({ ...OPTIONS, ...connections.options, port }));
    connections.keepAlive(redis);
    await redis.set("a", "1");
    const admin = closed(new Redis(opened.server.url));
    await admin.config("RESETSTAT");
    const shown = async () =>
      /cmdstat_auth:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1];
    while (Number((await shown()) ?? 0) < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(tokens.made.length).toBeGreaterThan(2);
    expect(await redis.get("a")).toBe("1");
  });

  test("G48: a client with the settings of IAM shows the user and a token signed for the cache", async () => {
    const said = await firstWords((address) => {
      Object.assign(process.env, { AWS_REGION: "eu-central-1" });
      const { tablePrefix, stateTable, redisIam } = readConfig({
        MILLRACE_REDIS_IAM_USER: "shop-dev",
        MILLRACE_REDIS_CACHE_NAME: "shop-dev",
        MILLRACE_REDIS_SERVERLESS: "true",
      });
      return redisClient({
        tablePrefix,
        stateTable,
        redisUrl: address,
        ...(redisIam && { redisIam }),
      });
    });
    expect(said).toMatch(
      /AUTH\r\n\$8\r\nshop-dev\r\n\$\d+\r\nshop-dev\/\?Action=connect&User=shop-dev&ResourceType=ServerlessCache&.*X-Amz-Expires=900.*X-Amz-Signature=[0-9a-f]{64}/,
    );
  });
});

/** What a client says first when it connects, to a server that only listens. */
async function firstWords(connect: (address: string) => Redis | Cluster): Promise<string> {
  let server: Server | undefined;
  let redis: Redis | Cluster | undefined;
  const said = new Promise<string>((resolve) => {
    server = createServer((socket: Socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (data: Buffer) => resolve(data.toString()));
    }).listen(0, "127.0.0.1", () => {
      redis = connect(`redis://127.0.0.1:${(server!.address() as { port: number }).port}`);
      void redis.ping().catch(() => undefined);
    });
  });
  const words = await said;
  redis?.disconnect();
  server?.close();
  return words;
}
