import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { endpoint } from "../support/endpoints.js";
import { type Call, tableArn } from "./permissions.js";

/** A server before DynamoDB, and what it was asked for. */
export interface Recorder {
  readonly server: Server;
  readonly url: string;
  readonly calls: Call[];
}

interface RequestBody {
  readonly TableName?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly Statements?: readonly { readonly Statement: string }[];
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName: string }>>[];
}

const STATEMENTS: Readonly<Record<string, string>> = {
  INSERT: "dynamodb:PartiQLInsert",
  UPDATE: "dynamodb:PartiQLUpdate",
};

/** What IAM would be asked for a statement: a right of its verb, on the table it names. */
function statementCall({ Statement }: { readonly Statement: string }): Call {
  const [verb = "", table = ""] = /^(\w+)(?: INTO)? "([^"]+)"/.exec(Statement)?.slice(1) ?? [];
  return { action: STATEMENTS[verb] ?? verb, arn: tableArn(table) };
}

/** What IAM would be asked: a transaction is asked for by its parts, a batch by its tables or its statements. */
function callsOf(
  target: string,
  { TableName = "", TransactItems, RequestItems, Statements }: RequestBody,
): Call[] {
  if (Statements) return Statements.map(statementCall);
  const operation = target.split(".")[1] ?? "";
  if (RequestItems) {
    const tables = Object.keys(RequestItems);
    return tables.map((table) => ({ action: `dynamodb:${operation}`, arn: tableArn(table) }));
  }
  if (!TransactItems) return [{ action: `dynamodb:${operation}`, arn: tableArn(TableName) }];
  return TransactItems.flatMap((item) =>
    Object.entries(item).map(([part, { TableName: table }]) => ({
      action: part === "ConditionCheck" ? "dynamodb:ConditionCheckItem" : `dynamodb:${part}Item`,
      arn: tableArn(table),
    })),
  );
}

/** Stands before DynamoDB and notes what is asked of it. */
export async function startRecorder(): Promise<Recorder> {
  const calls: Call[] = [];
  const { hostname, port } = new URL(endpoint("MILLRACE_TEST_DYNAMODB"));
  const server = createServer((asked, answer) => {
    const chunks: Buffer[] = [];
    asked.on("data", (chunk: Buffer) => chunks.push(chunk));
    asked.on("end", () => {
      const body = Buffer.concat(chunks);
      const target = String(asked.headers["x-amz-target"]);
      calls.push(...callsOf(target, JSON.parse(String(body)) as RequestBody));
      const options = { hostname, port, method: "POST", headers: asked.headers };
      request(options, (reply) => {
        answer.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(answer);
      }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url, calls };
}
