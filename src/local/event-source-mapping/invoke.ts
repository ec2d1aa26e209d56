import { randomBytes } from "node:crypto";

import type { Context, DynamoDBRecord } from "aws-lambda";

import { messageOf, MillraceError } from "../../errors.js";
import type { Clock } from "./clock.js";
import { type Container, createContainerPool } from "./container-pool.js";

/** The event of an invocation; the fields behind the records are there with tumbling windows only. */
export interface LambdaEvent {
  Records: DynamoDBRecord[];
  shardId?: string;
  eventSourceARN?: string;
  window?: { start: string; end: string };
  state?: Record<string, unknown>;
  isFinalInvokeForWindow?: boolean;
  isWindowTerminatedEarly?: boolean;
}

/** Ends an invocation of a handler that takes three arguments, as Node's older handlers do. */
export type LambdaCallback = (error?: unknown, response?: unknown) => void;

/** A Lambda function for DynamoDB stream events, as AWS would call it. */
export type LambdaHandler = (
  event: LambdaEvent,
  context: Context,
  callback: LambdaCallback,
) => unknown;

/** The function a mapping calls. */
export interface FunctionSettings {
  /** Starts a container: gives the handler that this container calls, one invocation at a time. */
  readonly startContainer: () => LambdaHandler | Promise<LambdaHandler>;
  readonly functionName: string;
  /** Version or alias that is mapped. */
  readonly qualifier?: string;
  /** The version that runs. */
  readonly version: string;
  readonly region: string;
  readonly accountId: string;
  /** Seconds an invocation may take. */
  readonly timeoutSeconds: number;
  readonly memoryLimitInMB: number;
}

/** What an invocation came to: a response, or an error. */
export interface Invocation {
  /** As JSON carries it; `undefined` where there is an error. */
  readonly response?: unknown;
  readonly error?: unknown;
  readonly durationMs: number;
}

/** A function that can be invoked. */
export interface LocalFunction {
  /** With the qualifier, where one is mapped. */
  readonly arn: string;
  readonly version: string;
  /** @param event as JSON: every invocation gets its own copy, whatever the one before did to it. */
  invoke(event: string, requestId: string): Promise<Invocation>;
}

/** Largest response, and largest event, in bytes. */
export const MAX_PAYLOAD_BYTES = 6_291_556;

/**
 * A function that is invoked with Lambda's context, in containers that are reused.
 *
 * A container takes one invocation at a time; another is started only where all are busy. One whose invocation timed
 * out is not used again. A function that times out goes on running: nothing can stop it here, as the container that
 * AWS would kill is this process.
 */
export function createFunction(settings: FunctionSettings, clock: Clock): LocalFunction {
  const { functionName, qualifier, region, accountId, timeoutSeconds, version } = settings;
  const arn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}${qualifier ? `:${qualifier}` : ""}`;
  const pool = createContainerPool(settings.startContainer, () => logStreamName(clock, version));

  async function run(container: Container, event: string, requestId: string): Promise<unknown> {
    const response = callHandler(container.handler, JSON.parse(event) as LambdaEvent, (end) =>
      createContext(settings, arn, container, requestId, clock, end),
    );
    return throughJson(await withTimeout(response, timeoutSeconds));
  }

  return {
    arn,
    version,
    async invoke(event, requestId) {
      const startedAtMs = clock.nowMs();
      try {
        const response = await pool.use((container) => run(container, event, requestId));
        return { response, durationMs: clock.nowMs() - startedAtMs };
      } catch (error) {
        return { error: error ?? new Error("null"), durationMs: clock.nowMs() - startedAtMs };
      }
    },
  };
}

/** Calls a handler of either style; one that throws at once is no different from one that rejects. */
function callHandler(
  handler: LambdaHandler,
  event: LambdaEvent,
  context: (end: LambdaCallback) => Context,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end: LambdaCallback = (error, response) => {
      if (error === undefined || error === null) resolve(response);
      else reject(error instanceof Error ? error : new Error(messageOf(error)));
    };
    const takesCallback = handler.length > 2;
    Promise.resolve()
      .then(() => handler(event, context(end), end))
      .then((returned) => {
        // A handler of the older style answers by its callback, unless it gave a promise.
        if (!takesCallback || returned !== undefined) resolve(returned);
      }, reject);
  });
}

async function withTimeout<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut(seconds)), seconds * 1000);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function timedOut(seconds: number): MillraceError {
  return new MillraceError("unavailable", `Task timed out after ${seconds.toFixed(2)} seconds`);
}

/** A response as it leaves the runtime; what JSON cannot hold is an error of the function, as on AWS. */
function throughJson(response: unknown): unknown {
  const json = JSON.stringify(response) as string | undefined;
  if (json === undefined) return null;
  if (Buffer.byteLength(json) > MAX_PAYLOAD_BYTES) {
    throw new MillraceError(
      "refused",
      `Response payload size exceeded maximum allowed payload size (${MAX_PAYLOAD_BYTES} bytes).`,
    );
  }
  return JSON.parse(json);
}

function logStreamName(clock: Clock, version: string): string {
  const day = new Date(clock.nowMs()).toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[${version}]${randomBytes(16).toString("hex")}`;
}

function createContext(
  settings: FunctionSettings,
  invokedFunctionArn: string,
  container: Container,
  awsRequestId: string,
  clock: Clock,
  end: LambdaCallback,
): Context {
  const { functionName, version, timeoutSeconds, memoryLimitInMB } = settings;
  const endsAtMs = clock.nowMs() + timeoutSeconds * 1000;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: version,
    invokedFunctionArn,
    memoryLimitInMB: String(memoryLimitInMB),
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: container.logStreamName,
    getRemainingTimeInMillis: () => Math.max(0, endsAtMs - clock.nowMs()),
    done: end,
    fail: (error) => end(error),
    succeed: (response: unknown) => end(undefined, response),
  };
}
