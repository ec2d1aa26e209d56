import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import type { DynamoDBBatchResponse, DynamoDBStreamEvent, SQSEvent } from "aws-lambda";

import { type InvokeOptions, startRuntimeApi } from "./runtime-api.js";
import { readZip } from "./zip.js";

/** A packaged function, unpacked and running in a process of its own as Lambda would run it. */
export interface PackagedFunction {
  /** @throws what the handler threw, with what the process said. */
  invoke(
    event: DynamoDBStreamEvent | SQSEvent,
    options?: InvokeOptions,
  ): Promise<DynamoDBBatchResponse>;
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

/** Node.js to run functions with, and the runtime client: AWS's own where `npm run check:lambda` names it. */
const NODE = process.env["MILLRACE_LAMBDA_NODE"] ?? process.execPath;
const CLIENT =
  process.env["MILLRACE_LAMBDA_CLIENT"] ?? resolve(import.meta.dirname, "lambda-runtime.mjs");

/** Unpacks a function's zip and starts it on a Runtime API, with nothing of this process's environment. */
export async function startPackaged(options: PackagedOptions): Promise<PackagedFunction> {
  const { zip, handler, folder, environment } = options;
  for (const [path, content] of readZip(zip)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const api = await startRuntimeApi(handler);
  const child = spawn(NODE, [CLIENT, handler], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment, ...lambdaEnvironment(handler, folder, api.address) },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<never>((_, failed) => {
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`ended with ${code}: ${said}`)));
  });
  ended.catch(() => undefined);
  const stop = () => {
    child.kill("SIGKILL");
    api.close();
  };
  try {
    await Promise.race([api.started, ended]);
  } catch (thrown) {
    stop();
    throw thrown;
  }
  return {
    async invoke(event, options) {
      const answer = await Promise.race([api.invoke(event, options), ended]);
      return answer as DynamoDBBatchResponse;
    },
    output: () => said,
    stop,
  };
}

/** What Lambda adds to a function's environment. */
function lambdaEnvironment(handler: string, folder: string, address: string) {
  return {
    AWS_LAMBDA_RUNTIME_API: address,
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: folder,
    AWS_LAMBDA_FUNCTION_NAME: handler,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1769",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/test",
    AWS_LAMBDA_LOG_STREAM_NAME: "1",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
}
