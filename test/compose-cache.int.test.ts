import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import { redisClient } from "../src/compose-cache.js";
import { readConfig } from "../src/config.js";
import { createTableInput } from "../src/dynamodb/table-definition.js";
import { freePort } from "../src/local/embedded/free-port.js";
import { startRedisServer } from "../src/local/embedded/redis-server.js";
import { createRedisSink } from "../src/sink/redis/redis-sink.js";
import { STATE_KEY } from "../src/state/state-table.js";
import { freshId, put } from "./sink/contract/subject.js";
import { endpoint, testDynamoDb } from "./support/endpoints.js";
import { hotItems } from "./support/hot-items.js";
import { startRedisCluster } from "./support/redis-cluster.js";

const STATE_TABLE = `state-connections-${freshId()}`;

beforeAll(async () => {
  const client = testDynamoDb();
  const key = [STATE_KEY.partition, STATE_KEY.sort].map((name) => ({ name, type: "S" as const }));
  const table = { table: STATE_TABLE, key, followed: false };
  await client.send(new CreateTableCommand(createTableInput(table, STATE_TABLE)));
  client.destroy();
});
/** Writes items of the view as a cache function with these settings would. */
async function write(settings: Record<string, string>, ...ids: string[]) {
  const sink = createRedisSink({ redis: redisClient(readConfig(settings)) });
  const results = await sink.apply(ids.map((id) => put(hotItems, { id }, 1))); // prettier-ignore
  await sink.close();
  return results.map((result) =>
    result.outcome === "failed" ? result.error.message : result.outcome,
  );
}

describe("a cache function", () => {
  test("is let in by user and password, and says which setting to check when it is not", async () => {
    const server = await startRedisServer();
    const admin = new Redis(server.url);
    await admin.acl("SETUSER", "millrace", "on", ">p@ss/word", "~*", "+@all");
    await admin.acl("SETUSER", "default", "off");
    const address = (password: string) => {
      return { REDIS_URL: server.url.replace("//", `//millrace:${encodeURIComponent(password)}@`) };
    };
    expect(await write(address("p@ss/word"), "1")).toEqual(["applied"]);
    expect(await admin.hgetall("1")).toMatchObject({ id: "1" });
    const refused = /WRONGPASS.*check the user and password in REDIS_URL/;
    expect(await write(address("wrong"), "2")).toEqual([expect.stringMatching(refused)]);
    admin.disconnect();
    await server.stop();
  });

  test("speaks TLS to a server whose certificate it trusts, and to no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-tls-"));
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], { stdio: "ignore" }); // prettier-ignore
    const port = await freePort();
    const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate]; // prettier-ignore
    const server = await startRedisServer({
      args: ["--tls-port", String(port), "--tls-auth-clients", "no", ...files],
    });
    const call = async (id: string, trusted: Record<string, string>) => {
      const settings = {
        AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
        MILLRACE_STATE_TABLE: STATE_TABLE,
        REDIS_URL: `rediss://localhost:${port}`,
        NODE_OPTIONS: "",
      };
      const args = ["--import", "tsx", "test/support/write-cache-entry.ts", id];
      const env = { ...process.env, ...settings, ...trusted };
      const { stdout } = await promisify(execFile)(process.execPath, args, { env });
      return (JSON.parse(stdout) as { batchItemFailures: unknown[] }).batchItemFailures.length;
    };
    const trusted = { NODE_EXTRA_CA_CERTS: certificate };
    expect(await Promise.all([call("1", trusted), call("2", {})])).toEqual([0, 1]);
    const admin = new Redis(server.url);
    expect(await admin.keys("*")).toEqual(["1"]);
    admin.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test("finds the nodes of a cluster from one address, with REDIS_CLUSTER", async () => {
    const cluster = await startRedisCluster(3);
    const ids = Array.from({ length: 30 }, (_, i) => String(i));
    const settings = { REDIS_URL: cluster.servers[0]!.url, REDIS_CLUSTER: "true" };
    expect(await write(settings, ...ids)).toEqual(ids.map(() => "applied"));
    const client = cluster.connect();
    for (const id of ids) expect(await client.hget(id, "id")).toBe(id);
    client.disconnect();
    await cluster.stop();
  });
});
