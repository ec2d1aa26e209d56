import { type ChildProcess, spawn } from "node:child_process";

import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";

import type { DemoResult } from "../../src/cli/commands/demo.js";

/** A demo under way against servers that a test owns. */
export interface DemoRun {
  readonly process: ChildProcess;
  /** The result it prints, and its exit code; rejects with what it said when it prints none. */
  readonly result: Promise<{ readonly exitCode: number | null; readonly printed: DemoResult }>;
}

/** Starts `millrace demo --json` as a user would. */
export function startDemo(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): DemoRun {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "src/cli/main.ts", "demo", "--json", ...args],
    {
      env: { ...process.env, NODE_OPTIONS: "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const result = new Promise<Awaited<DemoRun["result"]>>((resolve, reject) => {
    child.once("exit", (exitCode) => {
      try {
        resolve({ exitCode, printed: JSON.parse(output) as DemoResult });
      } catch {
        reject(
          new Error(`the demo ended with ${exitCode} and printed no result; it said:\n${said}`),
        );
      }
    });
  });
  return { process: child, result };
}

/** Resolves once a table holds this many rows, so that a test can strike in the middle. */
export async function untilRows(endpoint: string, TableName: string, rows: number): Promise<void> {
  const client = new DynamoDBClient({ endpoint });
  try {
    for (;;) {
      const counted = await client
        .send(new ScanCommand({ TableName, Select: "COUNT" }))
        .catch(() => undefined);
      if ((counted?.Count ?? 0) >= rows) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    client.destroy();
  }
}
