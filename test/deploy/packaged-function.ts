import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";

import { readZip } from "./zip.js";

/** A packaged function, unpacked and running in a process of its own as Lambda would run it. */
export interface PackagedFunction {
  /** @throws what the handler threw, with what the process said. */
  invoke(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse>;
  /** What it has written to standard output and standard error. */
  output(): string;
  stop(): void;
}

/** What {@link startPackaged} takes. */
export interface PackagedOptions {
  readonly zip: Buffer;
  /** As in the template: `handlers/tables.handler`. */
  readonly handler: string;
  /** Where to unpack it: outside the repository, so that no package of it is found. */
  readonly folder: string;
  /** All of the function's environment but what Lambda itself adds. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Unpacks a function's zip and loads its handler with nothing of this process's environment. */
export async function startPackaged(options: PackagedOptions): Promise<PackagedFunction> {
  const { zip, handler, folder, environment } = options;
  for (const [path, content] of readZip(zip)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const child = fork(resolve(import.meta.dirname, "lambda-runtime.mjs"), {
    cwd: folder,
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      ...environment,
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: folder,
      AWS_LAMBDA_FUNCTION_NAME: handler,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1769",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await nextAnswer(child, () => said);
  return {
    async invoke(event) {
      const answer = nextAnswer(child, () => said);
      child.send(event);
      return (await answer) as DynamoDBBatchResponse;
    },
    output: () => said,
    stop: () => void child.kill("SIGKILL"),
  };
}

function nextAnswer(child: ChildProcess, said: () => string): Promise<unknown> {
  return new Promise((answered, failed) => {
    const onExit = (code: number | null) => failed(new Error(`ended with ${code}: ${said()}`));
    child.once("exit", onExit);
    child.once("message", (message: { answer?: unknown; thrown?: string }) => {
      child.off("exit", onExit);
      if (message.thrown === undefined) answered(message.answer);
      else failed(new Error(`${message.thrown}\n${said()}`));
    });
  });
}
