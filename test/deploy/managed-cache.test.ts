import { describe, expect, test } from "@jest/globals";

import { cacheConnection, cacheResources } from "../../src/deploy/managed-cache.js";
import { stageOf } from "../../src/deploy/stage.js";

const managed = { kind: "managed", name: "shop-prod", auth: "password" } as const;
const byIam = { ...managed, auth: "iam" } as const;
const resources = cacheResources(managed, stageOf("shop", "prod"));

function group(name: string): unknown {
  return { "Fn::GetAtt": [name, "GroupId"] };
}

describe("the cache of a deployment", () => {
  test("is ElastiCache Serverless for Valkey, with no more memory than the stage allows", () => {
    expect(resources["Cache"]).toMatchObject({
      Type: "AWS::ElastiCache::ServerlessCache",
      Properties: {
        ServerlessCacheName: "shop-prod",
        Engine: "valkey",
        CacheUsageLimits: { DataStorage: { Maximum: 10, Unit: "GB" } },
        SnapshotRetentionLimit: 7,
      },
    });
    const dev = cacheResources(managed, stageOf("shop", "dev"))["Cache"]?.Properties;
    expect(dev).toMatchObject({ CacheUsageLimits: { DataStorage: { Maximum: 1, Unit: "GB" } } });
    expect(dev).not.toHaveProperty("SnapshotRetentionLimit");
  });

  test("knows one user, whose password Secrets Manager makes up and no template has", () => {
    const password = "{{resolve:secretsmanager:${CachePassword}}}";
    expect(resources["CacheUser"]?.Properties).toMatchObject({
      UserId: "shop-prod",
      UserName: "shop-prod",
      AuthenticationMode: { Type: "password", Passwords: [{ "Fn::Sub": password }] },
    });
    expect(resources["CachePassword"]?.Properties["GenerateSecretString"]).toEqual({
      PasswordLength: 64,
      ExcludePunctuation: true,
    });
    expect(resources["CacheUserGroup"]?.Properties["UserIds"]).toEqual([{ Ref: "CacheUser" }]);
    expect(resources["Cache"]?.Properties["UserGroupId"]).toEqual({ Ref: "CacheUserGroup" });
  });

  test("knows one user by IAM, without any password, where that is asked", () => {
    const iam = cacheResources(byIam, stageOf("shop", "prod"));
    expect(iam["CacheUser"]?.Properties["AuthenticationMode"]).toEqual({ Type: "iam" });
    expect(iam).not.toHaveProperty("CachePassword");
    expect(cacheConnection(byIam).environment).toEqual({
      REDIS_CLUSTER: "true",
      REDIS_URL: { "Fn::Sub": "rediss://${Cache.Endpoint.Address}:${Cache.Endpoint.Port}" },
      MILLRACE_REDIS_IAM_USER: "shop-prod",
      MILLRACE_REDIS_CACHE_NAME: "shop-prod",
      MILLRACE_REDIS_SERVERLESS: "true",
    });
  });

  test("is in the group that lets in its functions, and in two subnets", () => {
    expect(resources["Cache"]?.Properties).toMatchObject({
      SecurityGroupIds: [group("CacheSecurityGroup")],
      SubnetIds: [{ Ref: "CacheSubnetA" }, { Ref: "CacheSubnetB" }],
    });
    expect(resources).toHaveProperty("CacheSubnetB");
  });

  test("is told to its function by address and user, over TLS, and the function is put beside it", () => {
    const { environment, vpc } = cacheConnection(managed);
    const address = "${Cache.Endpoint.Address}:${Cache.Endpoint.Port}";
    const password = "{{resolve:secretsmanager:${CachePassword}}}";
    expect(environment).toEqual({
      REDIS_CLUSTER: "true",
      REDIS_URL: { "Fn::Sub": `rediss://shop-prod:${password}@${address}` },
    });
    expect(vpc).toEqual({
      subnetIds: resources["Cache"]?.Properties["SubnetIds"],
      securityGroupIds: [group("CacheFunctionSecurityGroup")],
    });
  });

  test("is not made where one exists, or where no view is kept in one", () => {
    const stage = stageOf("shop", "prod");
    expect(cacheResources({ kind: "existing", url: "redis://c" }, stage)).toEqual({});
    expect(cacheResources({ kind: "none" }, stage)).toEqual({});
    expect(cacheConnection({ kind: "none" })).toEqual({ environment: {} });
  });
});
