import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Lambda's Runtime API, as a function's runtime client sees it, for one function. */
export interface RuntimeApi {
  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
  readonly address: string;
  /** Resolves when the runtime client asks for its first event. @throws what it said that kept it from starting. */
  readonly started: Promise<void>;
  /** Hands over an event. @throws what the function threw. */
  invoke(event: unknown, options?: InvokeOptions): Promise<unknown>;
  close(): void;
}

/** What Lambda says of an invocation beside the event. */
export interface InvokeOptions {
  readonly traceHeader?: string;
  /** The time it has, a minute if not given. */
  readonly timeoutMs?: number;
}

interface Invocation extends InvokeOptions {
  readonly id: string;
  readonly event: unknown;
  readonly answered: (answer: unknown) => void;
  readonly failed: (error: Error) => void;
}

const VERSION = "/2018-06-01/runtime";
const TIMEOUT_MS = 60_000;

/**
 * Serves the Runtime API on a free port.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function startRuntimeApi(functionName: string): Promise<RuntimeApi> {
  const waiting: Invocation[] = [];
  const underWay = new Map<string, Invocation>();
  let idle: ServerResponse | undefined;
  let resolveStart!: () => void;
  let rejectStart!: (error: Error) => void;
  const started = new Promise<void>((resolve, reject) => {
    resolveStart = resolve;
    rejectStart = reject;
  });
  // Whoever does not wait for the start is told by the invocation.
  started.catch(() => undefined);

  function handOver(): void {
    const invocation = idle && waiting.shift();
    if (!idle || !invocation) return;
    underWay.set(invocation.id, invocation);
    idle.writeHead(200, {
      "Content-Type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": invocation.id,
      "Lambda-Runtime-Deadline-Ms": Date.now() + (invocation.timeoutMs ?? TIMEOUT_MS),
      "Lambda-Runtime-Invoked-Function-Arn": `arn:aws:lambda:us-east-1:123456789012:function:${functionName}`,
      ...(invocation.traceHeader && { "Lambda-Runtime-Trace-Id": invocation.traceHeader }),
    });
    idle.end(JSON.stringify(invocation.event));
    idle = undefined;
  }

  async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await text(asked);
    const path = asked.url?.slice(VERSION.length) ?? "";
    if (path === "/invocation/next") {
      resolveStart();
      idle = answer;
      handOver();
      return;
    }
    answer.writeHead(202).end("{}");
    if (path === "/init/error") rejectStart(errorOf(body));
    const [, id = "", what] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const invocation = underWay.get(id);
    underWay.delete(id);
    if (what === "response") invocation?.answered(JSON.parse(body || "null"));
    else if (what === "error") invocation?.failed(errorOf(body));
  }

  const server = createServer((asked, answer) => void serve(asked, answer));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    started,
    invoke: (event, options) =>
      new Promise((answered, failed) => {
        waiting.push({ ...options, id: randomUUID(), event, answered, failed });
        handOver();
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What a runtime client says of an error: its type, its message, its stack. */
function errorOf(body: string): Error {
  const { errorType, errorMessage, trace, stackTrace } = JSON.parse(body || "{}") as {
    readonly errorType?: string;
    readonly errorMessage?: string;
    readonly trace?: readonly string[];
    readonly stackTrace?: readonly string[];
  };
  return new Error([`${errorType}: ${errorMessage}`, ...(trace ?? stackTrace ?? [])].join("\n"));
}
