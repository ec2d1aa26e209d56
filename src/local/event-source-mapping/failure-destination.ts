import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { MillraceError, unreachable } from "../../errors.js";
import {
  type DestinationKind,
  type Failure,
  failureMessage,
  failureObjectKey,
} from "./failure-message.js";

/** Where records that are given up are told of. */
export interface FailureDestination {
  /** @throws `unavailable` when it cannot be told; the records are dropped then, as on AWS. */
  send(failure: Failure): Promise<void>;
}

/** A queue, a topic or a bucket. */
interface Target {
  readonly kind: DestinationKind;
  readonly arn: string;
  readonly region: string;
  readonly accountId: string;
  readonly name: string;
}

/**
 * Writes one file a failure: for a bucket `<folder>/<bucket>/<key of the object>`, for a queue or a topic
 * `<folder>/<name>/<time>-<uuid>.json`, each with exactly the bytes that AWS would send.
 *
 * @param arn of a standard queue, a standard topic or a bucket.
 * @throws `configuration` when it is none of them.
 */
export function createFileDestination(arn: string, folder: string): FailureDestination {
  const target = targetOf(arn);
  return {
    async send(failure) {
      const file = join(folder, target.name, fileName(target.kind, failure));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(failureMessage(failure, target.kind)));
    },
  };
}

function fileName(kind: DestinationKind, failure: Failure): string {
  const uuid = randomUUID();
  if (kind === "s3") return failureObjectKey(failure, uuid);
  return `${new Date(failure.atMs).toISOString().replaceAll(":", ".")}-${uuid}.json`;
}

/**
 * Sends to a queue, a topic or a bucket at an endpoint that asks for no signature, as emulators of SQS, SNS and S3 do.
 *
 * @param endpoint such as `http://127.0.0.1:9324`.
 * @throws `configuration` when the ARN is of none of them.
 */
export function createEndpointDestination(arn: string, endpoint: string): FailureDestination {
  const target = targetOf(arn);
  return {
    async send(failure) {
      const message = JSON.stringify(failureMessage(failure, target.kind));
      const [path, init] = requestFor(target, message, failureObjectKey(failure, randomUUID()));
      const url = new URL(path, endpoint);
      const answer = await fetch(url, init).catch((cause: unknown) => {
        throw new MillraceError("unavailable", `${arn} at ${url.href} does not answer`, { cause });
      });
      if (answer.ok) return;
      throw new MillraceError(
        "unavailable",
        `${arn} at ${url.href} answered ${answer.status}: ${await answer.text()}`,
      );
    },
  };
}

function requestFor(target: Target, message: string, objectKey: string): [string, RequestInit] {
  const { kind, arn, region, accountId, name } = target;
  // Emulators route by the scope of a signature; the signature itself is looked at by none.
  const scope = `AWS4-HMAC-SHA256 Credential=local/20260101/${region || "us-east-1"}/${kind}/aws4_request`;
  const authorization = `${scope}, SignedHeaders=host, Signature=local`;
  switch (kind) {
    case "sqs": {
      const headers = {
        authorization,
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "AmazonSQS.SendMessage",
      };
      const body = { QueueUrl: `/${accountId}/${name}`, MessageBody: message };
      return ["/", { method: "POST", headers, body: JSON.stringify(body) }];
    }
    case "sns": {
      const fields = { Action: "Publish", Version: "2010-03-31", TopicArn: arn, Message: message };
      const body = new URLSearchParams(fields);
      return ["/", { method: "POST", headers: { authorization }, body }];
    }
    case "s3": {
      const headers = { authorization, "content-type": "application/octet-stream" };
      return [`/${name}/${objectKey}`, { method: "PUT", headers, body: message }];
    }
    default:
      return unreachable(kind);
  }
}

function targetOf(arn: string): Target {
  const match = /^arn:[^:]+:(sqs|sns|s3):([^:]*):([^:]*):([^:/]+)$/.exec(arn);
  if (!match || arn.endsWith(".fifo")) {
    throw new MillraceError(
      "configuration",
      `${arn} cannot be a failure destination; give the ARN of a standard queue, a standard topic or a bucket`,
    );
  }
  const [, kind = "", region = "", accountId = "", name = ""] = match;
  return { kind: kind as DestinationKind, arn, region, accountId, name };
}
