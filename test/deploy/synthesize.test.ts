import { describe, expect, test } from "@jest/globals";

import { synthesize } from "../../src/deploy/synthesize.js";
import * as declared from "./declared.js";

const settings = { service: "shop", stage: "prod" };

describe("a plain template", () => {
  test("has each function as the framework would make it, its code in a bucket that is a parameter", () => {
    const { Parameters, Resources } = synthesize({ ...declared }, settings);
    const keys = ["TablesCodeKey", "CacheCodeKey", "FailuresCodeKey", "BackfillCodeKey"];
    expect(Object.keys(Parameters)).toEqual(["CodeBucket", ...keys]);
    expect(Resources["TablesLambdaFunction"]).toMatchObject({
      DependsOn: ["TablesLogGroup"],
      Properties: {
        FunctionName: "shop-prod-tables",
        Code: { S3Bucket: { Ref: "CodeBucket" }, S3Key: { Ref: "TablesCodeKey" } },
        Handler: "handlers/tables.handler",
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        Role: { "Fn::GetAtt": ["TablesFunctionRole", "Arn"] },
        TracingConfig: { Mode: "Active" },
        LoggingConfig: { LogFormat: "JSON" },
      },
    });
    expect(Resources["TablesLogGroup"]?.Properties).toEqual({
      LogGroupName: "/aws/lambda/shop-prod-tables",
      RetentionInDays: 90,
    });
    expect(Resources["CacheLambdaFunction"]?.Properties["VpcConfig"]).toEqual({
      SubnetIds: [{ Ref: "CacheSubnetA" }, { Ref: "CacheSubnetB" }],
      SecurityGroupIds: [{ "Fn::GetAtt": ["CacheFunctionSecurityGroup", "GroupId"] }],
    });
  });

  test("asks for what exists by parameters: streams, the cache's address, its network", () => {
    const { Parameters, Resources } = synthesize(
      { ...declared },
      { ...settings, existingTables: ["orders"], existingCache: true, existingVpc: true },
    );
    const asked = ["OrdersStreamArn", "RedisUrl", "SubnetIds", "SecurityGroupIds"];
    expect(Object.keys(Parameters).slice(0, asked.length)).toEqual(asked);
    expect(Parameters["RedisUrl"]?.NoEcho).toBe(true);
    expect(Resources).not.toHaveProperty("OrdersTable");
    expect(Resources["TablesOrdersMapping"]?.Properties["EventSourceArn"]).toEqual({
      Ref: "OrdersStreamArn",
    });
    expect(Resources["CacheLambdaFunction"]?.Properties).toMatchObject({
      Environment: { Variables: { REDIS_URL: { Ref: "RedisUrl" } } },
      VpcConfig: {
        SubnetIds: { Ref: "SubnetIds" },
        SecurityGroupIds: { Ref: "SecurityGroupIds" },
      },
    });
  });
});
