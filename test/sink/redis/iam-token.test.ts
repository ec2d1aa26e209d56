import { createHash, createHmac } from "node:crypto";

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "@jest/globals";

import { signIamToken } from "../../../src/sink/redis/iam-token.js";

const identity = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "a+session/token==",
};
const { credentials, region, sha256 } = new DynamoDBClient({
  region: "eu-central-1",
  credentials: identity,
}).config;
const signing = { credentials, region, sha256 };

const hmac = (key: string | Buffer, text: string) =>
  createHmac("sha256", key).update(text).digest();

/** The signature that AWS computes of a presigned request, step by step as its documentation says. */
function signatureOf(host: string, query: URLSearchParams): string {
  const date = query.get("X-Amz-Date") ?? "";
  const scope = `${date.slice(0, 8)}/eu-central-1/elasticache/aws4_request`;
  const canonicalQuery = [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .sort()
    .join("&");
  const emptyHash = createHash("sha256").digest("hex");
  const request = ["GET", "/", canonicalQuery, `host:${host}`, "", "host", emptyHash].join("\n");
  const requestHash = createHash("sha256").update(request).digest("hex");
  const key = scope
    .split("/")
    .reduce<string | Buffer>(
      (secret, part) => hmac(secret, part),
      `AWS4${identity.secretAccessKey}`,
    );
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope, requestHash].join("\n")).toString("hex");
}

describe("a token of IAM for a cache", () => {
  const user = { user: "shop-dev", cacheName: "shop-dev", isServerless: true };

  test("is a request to connect, good for 15 minutes, signed as AWS signs, without its scheme", async () => {
    const token = await signIamToken(user, signing);
    const [host, query] = token.split("/?");
    expect(host).toBe("shop-dev");
    const said = new URLSearchParams(query);
    expect(Object.fromEntries(said)).toMatchObject({
      Action: "connect",
      User: "shop-dev",
      ResourceType: "ServerlessCache",
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Expires": "900",
      "X-Amz-SignedHeaders": "host",
      "X-Amz-Security-Token": identity.sessionToken,
    });
    expect(said.get("X-Amz-Signature")).toBe(signatureOf("shop-dev", said));
  });

  test("of a cache that is not serverless names no kind of resource, and its signature says so", async () => {
    const token = await signIamToken({ ...user, isServerless: false }, signing);
    expect(token).not.toContain("ResourceType");
    const said = new URLSearchParams(token.split("/?")[1]);
    expect(said.get("X-Amz-Signature")).toBe(signatureOf("shop-dev", said));
  });
});
