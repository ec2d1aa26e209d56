import type { Context, DynamoDBRecord } from "aws-lambda";

import { type InvocationOutcome, readResponse } from "./response.js";

/** A Lambda function for DynamoDB stream events, as AWS would call it. */
export type LambdaHandler = (event: { Records: DynamoDBRecord[] }, context: Context) => unknown;

/** The function a mapping calls. */
export interface FunctionSettings {
  readonly handler: LambdaHandler;
  readonly functionName: string;
  /** Seconds an invocation may take. */
  readonly timeoutSeconds: number;
  readonly memoryLimitInMB: number;
}

/** What an invocation came to. */
export interface Invocation {
  readonly outcome: InvocationOutcome;
  readonly error?: unknown;
  readonly durationMs: number;
}

/**
 * Invokes a function with Lambda's context, and takes an error or its timeout for a failure of the whole batch.
 *
 * A function that times out goes on running: nothing can stop it here, as the container that AWS would kill is us.
 */
export async function invoke(
  { handler, ...settings }: FunctionSettings,
  records: readonly DynamoDBRecord[],
  requestId: string,
  reportBatchItemFailures: boolean,
): Promise<Invocation> {
  const startedAtMs = Date.now();
  const context = createContext(settings, requestId, startedAtMs);
  const timeoutMs = settings.timeoutSeconds * 1000;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Task timed out after ${settings.timeoutSeconds}.00 seconds`)),
      timeoutMs,
    );
  });
  try {
    // The handler runs in a promise, so that one that throws at once is no different from one that rejects.
    const call = Promise.resolve().then(() => handler({ Records: [...records] }, context));
    const response: unknown = await Promise.race([call, timeout]);
    const sequenceNumbers = records.map((record) => record.dynamodb?.SequenceNumber ?? "");
    const outcome = readResponse(response, sequenceNumbers, reportBatchItemFailures);
    return { outcome, durationMs: Date.now() - startedAtMs };
  } catch (error) {
    return {
      outcome: { type: "failure", thrown: true },
      error,
      durationMs: Date.now() - startedAtMs,
    };
  } finally {
    clearTimeout(timer);
  }
}

function createContext(
  settings: Omit<FunctionSettings, "handler">,
  awsRequestId: string,
  startedAtMs: number,
): Context {
  const { functionName, timeoutSeconds, memoryLimitInMB } = settings;
  const endsAtMs = startedAtMs + timeoutSeconds * 1000;
  const unsupported = () => {
    throw new Error("context.done, fail and succeed are not supported; return a promise");
  };
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
    memoryLimitInMB: String(memoryLimitInMB),
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `local/[$LATEST]${functionName}`,
    getRemainingTimeInMillis: () => Math.max(0, endsAtMs - Date.now()),
    done: unsupported,
    fail: unsupported,
    succeed: unsupported,
  };
}
