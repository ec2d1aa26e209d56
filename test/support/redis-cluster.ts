import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Cluster, Redis } from "ioredis";

import { freePort } from "../../src/local/embedded/free-port.js";
import { type RedisServer, startRedisServer } from "../../src/local/embedded/redis-server.js";

/** A cluster of real servers, on this machine. */
export interface TestCluster {
  /** The servers, those that were started as primaries first. */
  readonly servers: readonly RedisServer[];
  /** A client of the cluster; to be disconnected. */
  connect(): Cluster;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** Starts a cluster of so many primaries, each with so many replicas, and waits until every node sees it whole. */
export async function startRedisCluster(primaries = 3, replicasEach = 0): Promise<TestCluster> {
  const count = primaries * (1 + replicasEach);
  const folder = mkdtempSync(join(tmpdir(), "millrace-cluster-"));
  const buses: number[] = [];
  const servers: RedisServer[] = [];
  for (let i = 0; i < count; i++) {
    buses.push(await freePort());
    servers.push(await startNode(folder, `${i}.conf`, buses[i]!));
  }
  const nodes = servers.map(({ url }) => new Redis(url));
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    for (const [i, node] of nodes.slice(0, primaries).entries()) {
      const first = Math.floor((i * SLOTS) / primaries);
      await node.cluster("ADDSLOTSRANGE", first, Math.floor(((i + 1) * SLOTS) / primaries) - 1);
      await node.cluster("SET-CONFIG-EPOCH", i + 1);
    }
    for (const [i, { port }] of servers.entries())
      if (i > 0) await nodes[0]!.call("CLUSTER", "MEET", "127.0.0.1", port, buses[i]!);
    for (const node of nodes)
      await until(async () => (await node.cluster("INFO")).includes(`known_nodes:${count}`));
    for (const [i, replica] of nodes.slice(primaries).entries()) {
      const id = String(await nodes[i % primaries]!.cluster("MYID"));
      await until(async () => String(await replica.cluster("NODES")).includes(id));
      await replica.cluster("REPLICATE", id);
      await until(async () => (await replica.info("replication")).includes("link_status:up"));
    }
    for (const node of nodes)
      await until(async () => (await node.cluster("INFO")).includes("cluster_state:ok"));
  } finally {
    for (const node of nodes) node.disconnect();
  }
  return {
    servers,
    connect() {
      const cluster = new Cluster(
        servers.map(({ port }) => ({ host: "127.0.0.1", port })),
        {
          slotsRefreshTimeout: 5_000,
          redisOptions: { maxRetriesPerRequest: 1, commandTimeout: 2_000 },
        },
      );
      cluster.on("error", () => undefined);
      return cluster;
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Replication leaves its dumps in the server's folder. */
function startNode(folder: string, file: string, bus: number): Promise<RedisServer> {
  const ports = ["--cluster-enabled", "yes", "--cluster-port", String(bus)];
  return startRedisServer({
    args: [
      ...ports,
      "--dir",
      folder,
      "--cluster-config-file",
      file,
      "--cluster-node-timeout",
      "1000",
    ],
  });
}
