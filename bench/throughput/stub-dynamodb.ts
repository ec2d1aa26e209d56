import { createServer } from "node:http";

import type { AttributeValue, WireItem } from "../../src/change/attribute-value.js";
import { itemSizeBytes } from "../../src/change/encode-item.js";
import { serveCounts } from "./stub-counts.js";

/**
 * A DynamoDB that answers every call at once, so that a client's own cost is all there is; run as a process of its own.
 *
 * Counts requests and write units (1 a started KB, 2 in a transaction; a delete is taken for 1).
 */
const counts = { requests: 0, writeUnits: 0 };

interface Statement {
  readonly Statement: string;
  readonly Parameters: readonly AttributeValue[];
}

interface Body {
  readonly Item?: WireItem;
  readonly Statements?: readonly Statement[];
  readonly TransactItems?: readonly { readonly Put?: { readonly Item: WireItem } }[];
}

const units = (item: WireItem | undefined) => (item ? Math.ceil(itemSizeBytes(item) / 1024) : 1);

function answer(operation: string, body: () => Body): string {
  counts.requests++;
  switch (operation) {
    case "PutItem":
    case "UpdateItem":
    case "DeleteItem":
      counts.writeUnits += units(body().Item);
      return "{}";
    case "TransactWriteItems":
      for (const { Put } of body().TransactItems ?? []) counts.writeUnits += 2 * units(Put?.Item);
      return "{}";
    case "BatchExecuteStatement":
      return JSON.stringify({ Responses: (body().Statements ?? []).map(written) });
    case "BatchGetItem":
      return '{"Responses":{},"UnprocessedKeys":{}}';
    default:
      return '{"Items":[],"Count":0}';
  }
}

/** Takes a statement for one that writes a row: `INSERT … VALUE {'name': ?, …}` or `UPDATE … SET "name" = ? …`. */
function written({ Statement, Parameters }: Statement): object {
  const isDelete = Statement.startsWith("DELETE");
  const names = Statement.split(" WHERE ")[0]!.matchAll(/'(\w+)': \?|SET "(\w+)" = \?/g);
  const item = [...names].map(([, first, second], i) => [first ?? second, Parameters[i]] as const);
  counts.writeUnits += units(isDelete ? undefined : (Object.fromEntries(item) as WireItem));
  return {};
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const text = answer(
      operation,
      () => JSON.parse(Buffer.concat(chunks).toString("utf8")) as Body,
    );
    response.writeHead(200, {
      "content-type": "application/x-amz-json-1.0",
      "content-length": text.length,
    });
    response.end(text);
  });
});
server.keepAliveTimeout = 600_000;
serveCounts(server, counts);
