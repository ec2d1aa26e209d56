import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { freePort } from "../../src/local/embedded/free-port.js";

const ROOT = process.cwd();
const MAIN = join(ROOT, "src/cli/main.ts");

/** A project of somebody else's, with one view; `rows` is the body of its row function. */
function pipelineFile(row: string): string {
  return `
import { source, tableView } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
const notes = source<{ id: string; text: string }>({ table: "dev-notes", key: ["id"] });
export const upper = tableView({
  name: "dev-notes-upper", source: notes, key: ["id"],
  row: (note) => (${row}),
});
`;
}

let folder: string;
let dev: ChildProcess | undefined;
let said = "";

function start(
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): ChildProcess {
  said = "";
  dev = spawn(process.execPath, ["--import", "tsx", MAIN, "dev", ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [dev.stdout, dev.stderr])
    stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return dev;
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 20));
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await tick();
}
const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once("exit", resolve));

beforeEach(() => {
  // Inside the repository, so that the declarations find its packages as a project of its own would.
  mkdirSync(join(ROOT, ".millrace"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".millrace", "dev-test-"));
  writeFileSync(
    join(folder, "pipeline.ts"),
    pipelineFile("{ id: note.id, text: note.text.toUpperCase() }"),
  );
});

afterEach(async () => {
  if (dev && dev.exitCode === null && dev.signalCode === null) {
    const ended = exitOf(dev);
    dev.kill("SIGKILL");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

describe("millrace dev", () => {
  test("brings everything up for a project of its own, follows a write, reloads, and leaves nothing running", async () => {
    const port = await freePort();
    const ready = join(folder, "ready");
    const running = start(["--in-memory", "--dynamodb-port", String(port), "--ready-file", ready]);
    await until(() => existsSync(ready) || running.exitCode !== null);
    expect(said).toContain(`DynamoDB  http://127.0.0.1:${port} (DynamoDB Local, in memory)`);
    expect(said).toContain("dev-notes > dev-notes-upper");
    const client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
    const put = (id: string) =>
      client.send(
        new PutItemCommand({
          TableName: "dev-notes",
          Item: { id: { S: id }, text: { S: "hello" } },
        }),
      );
    const text = async (id: string) =>
      (
        await client.send(
          new GetItemCommand({ TableName: "dev-notes-upper", Key: { id: { S: id } } }),
        )
      ).Item?.["text"]?.S;
    await put("1");
    await until(async () => (await text("1")) === "HELLO");
    const batchLine = /dev-notes > tables +1 records +\d+ ms +\d+\/s {2}lag \d+\.\d s/;
    await until(() => batchLine.test(said));

    writeFileSync(join(folder, "pipeline.ts"), "this does not parse");
    await until(() => said.includes("not reloaded, the old declarations stay"));
    writeFileSync(
      join(folder, "pipeline.ts"),
      pipelineFile("{ id: note.id, text: `<${note.text}>` }"),
    );
    await until(() => said.includes("reloaded: 1 views"));
    await put("2");
    await until(async () => (await text("2")) === "<hello>");

    client.destroy();
    const ended = exitOf(running);
    running.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(existsSync(ready)).toBe(false);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });

  test.each([
    [
      "no pipeline.ts",
      () => rmSync(join(folder, "pipeline.ts")),
      {},
      2,
      /there is no .*pipeline\.ts; run millrace in the folder/,
    ],
    [
      "wrong declarations",
      () =>
        writeFileSync(
          join(folder, "pipeline.ts"),
          pipelineFile("{}").replace('"dev-notes-upper"', '"dev-notes"'),
        ),
      {},
      2,
      /declarations: \d mistakes?\n {2}- /,
    ],
    [
      "a Redis that does not answer",
      () => undefined,
      { REDIS_URL: "redis://127.0.0.1:1" },
      1,
      /Redis at redis:\/\/127\.0\.0\.1:1 does not answer .*unset REDIS_URL/,
    ],
    [
      "an address that is none",
      () => undefined,
      { REDIS_URL: "localhost" },
      2,
      /REDIS_URL is "localhost"; give an address that begins with redis:\/\//,
    ],
  ])("ends with one clear message for %s", async (_name, spoil, environment, code, message) => {
    spoil();
    const running = start(["--in-memory"], environment);
    expect(await exitOf(running)).toBe(code);
    expect(said).toMatch(message);
    expect(said).not.toMatch(/^ +at /m);
  });

  test("names a port that is taken", async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, "127.0.0.1");
    const running = start(["--in-memory", "--redis-port", String(port)]);
    expect(await exitOf(running)).toBe(2);
    expect(said).toContain(`port ${port} is taken`);
    squatter.close();
  });

  test("says what may be said, and refuses what may not", async () => {
    const running = start(["--redis-port", "x"], { HOME: tmpdir() });
    expect(await exitOf(running)).toBe(2);
    expect(said).toContain("give a whole number");
  });
});
