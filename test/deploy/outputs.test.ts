import { describe, expect, test } from "@jest/globals";

import { outputsOf } from "../../src/deploy/outputs.js";
import { deploymentOf, orderCards } from "./declared.js";

describe("the outputs", () => {
  const outputs = outputsOf(deploymentOf());

  test("name what was made, and lead to the dashboard and to each function in the console", () => {
    const link = (name: string) => (outputs[name]?.Value as { "Fn::Sub": string })["Fn::Sub"];
    expect(link("DashboardUrl")).toBe(
      "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/${Dashboard}",
    );
    expect(link("TablesFunctionUrl")).toMatch(/#\/functions\/shop-dev-tables$/);
    expect(link("CacheUrl")).toBe("rediss://${Cache.Endpoint.Address}:${Cache.Endpoint.Port}");
    expect(outputs["OrdersTableName"]?.Value).toEqual({ Ref: "OrdersTable" });
    expect(outputs["MillraceStateTableName"]?.Value).toEqual({ Ref: "MillraceStateTable" });
    expect(outputs["FailuresBucketName"]?.Value).toEqual({ Ref: "FailuresBucket" });
  });

  test("G68: name the queue of backfills, and the command that gives it segments, with all that this has to know", () => {
    expect(outputs["BackfillQueueUrl"]?.Value).toEqual({ Ref: "BackfillQueue" });
    expect(outputs["BackfillCommand"]?.Value).toEqual({
      "Fn::Sub":
        "MILLRACE_TABLE_PREFIX=shop-dev- AWS_REGION=${AWS::Region} npx millrace backfill VIEW --segments 64 --queue ${BackfillQueue}",
    });
    const stream = { "Fn::ImportValue": "orders-stream" };
    const { BackfillCommand } = outputsOf(deploymentOf({ existingTables: { orders: stream } }));
    const [command, names] = (BackfillCommand?.Value as { "Fn::Sub": [string, object] })["Fn::Sub"];
    expect(command).toContain(" MILLRACE_TABLE_NAMES=${TableNames} ");
    const name = { "Fn::Select": [1, { "Fn::Split": ["/", stream] }] };
    expect(names).toEqual({
      TableNames: { "Fn::Join": [",", [{ "Fn::Join": ["=", ["orders", name]] }]] },
    });
    const told = { ...orderCards, name: "told", type: "stream" };
    expect(outputsOf(deploymentOf({}, { told }))).not.toHaveProperty("BackfillQueueUrl");
  });

  test("name a table that exists by its own name", () => {
    const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/o/stream/2026-01-01T00:00:00.000";
    const existing = outputsOf(deploymentOf({ existingTables: { orders: arn } }));
    expect(existing["OrdersTableName"]?.Value).toBe("o");
  });
});
