import { unreachable } from "../errors.js";
import type { Cache, CacheAuth, Vpc } from "./deployment.js";
import { CACHE_GROUP, FUNCTION_GROUP, networkResources, SUBNETS } from "./network.js";
import type { Stage } from "./stage.js";
import { attribute, localArn, ref, type Resources, substitute } from "./template.js";

/** Logical name of the cache. */
export const CACHE = "Cache";

const USER = "CacheUser";
const PASSWORD = "CachePassword";
const USER_GROUP = "CacheUserGroup";

/**
 * What the cache function may do in the cache: read, write and run scripts on any key; nothing that administers the
 * server or looks through all it has.
 */
export const CACHE_ACCESS =
  "on ~* &* +@all -@admin -@dangerous +info +cluster|slots +cluster|shards +cluster|nodes +cluster|info";

/** How a function reaches the cache. */
export interface CacheConnection {
  readonly environment: Readonly<Record<string, unknown>>;
  readonly vpc?: Vpc;
}

/** The environment that names the cache to a function, and the network that the function has to be in. */
export function cacheConnection(cache: Cache): CacheConnection {
  if (cache.kind === "none") return { environment: {} };
  if (cache.kind === "existing")
    return { environment: { REDIS_URL: cache.url }, ...(cache.vpc && { vpc: cache.vpc }) };
  return {
    // ElastiCache Serverless speaks the protocol of a cluster.
    environment: { REDIS_CLUSTER: "true", ...credentials(cache.name, cache.auth) },
    vpc: {
      subnetIds: SUBNETS.map(ref),
      securityGroupIds: [attribute(FUNCTION_GROUP, "GroupId")],
    },
  };
}

const ADDRESS = `\${${CACHE}.Endpoint.Address}:\${${CACHE}.Endpoint.Port}`;

/** CloudFormation fills the password in, so that no template has it. */
const PASSWORD_TEXT = `{{resolve:secretsmanager:\${${PASSWORD}}}}`;

function credentials(name: string, auth: CacheAuth): Readonly<Record<string, unknown>> {
  switch (auth) {
    case "password":
      return { REDIS_URL: substitute(`rediss://${name}:${PASSWORD_TEXT}@${ADDRESS}`) };
    case "iam":
      return {
        REDIS_URL: substitute(`rediss://${ADDRESS}`),
        MILLRACE_REDIS_IAM_USER: name,
        MILLRACE_REDIS_CACHE_NAME: name,
        MILLRACE_REDIS_SERVERLESS: "true",
      };
    default:
      return unreachable(auth);
  }
}

/** What a role has to name to connect to the cache by IAM: the cache and the user. */
export function connectArns(name: string): readonly unknown[] {
  return [
    localArn("elasticache", `serverlesscache:${name}`),
    localArn("elasticache", `user:${name}`),
  ];
}

/**
 * ElastiCache Serverless for Valkey and the network it is in; nothing where no cache is made.
 *
 * It always speaks TLS and is always encrypted. Whoever connects shows a password that Secrets Manager made up and
 * nobody has to know, or a token signed by IAM.
 */
export function cacheResources(cache: Cache, stage: Stage): Resources {
  if (cache.kind !== "managed") return {};
  const { name, auth } = cache;
  return {
    ...networkResources(),
    ...(auth === "password" && {
      [PASSWORD]: {
        Type: "AWS::SecretsManager::Secret",
        Properties: {
          Description: `Password of the cache ${name}`,
          // No marks, so that it can stand in an address.
          GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
        },
      },
    }),
    [USER]: {
      Type: "AWS::ElastiCache::User",
      Properties: {
        Engine: "valkey",
        // For IAM, id and name have to be the same.
        UserId: name,
        UserName: name,
        AuthenticationMode:
          auth === "iam"
            ? { Type: "iam" }
            : { Type: "password", Passwords: [substitute(PASSWORD_TEXT)] },
        AccessString: CACHE_ACCESS,
      },
    },
    [USER_GROUP]: {
      Type: "AWS::ElastiCache::UserGroup",
      Properties: { Engine: "valkey", UserGroupId: name, UserIds: [ref(USER)] },
    },
    [CACHE]: {
      Type: "AWS::ElastiCache::ServerlessCache",
      Properties: {
        ServerlessCacheName: name,
        Description: "Views of Millrace",
        Engine: "valkey",
        MajorEngineVersion: "8",
        UserGroupId: ref(USER_GROUP),
        SubnetIds: SUBNETS.map(ref),
        SecurityGroupIds: [attribute(CACHE_GROUP, "GroupId")],
        CacheUsageLimits: { DataStorage: { Maximum: stage.cacheGb, Unit: "GB" } },
        ...(stage.cacheSnapshots > 0 && { SnapshotRetentionLimit: stage.cacheSnapshots }),
      },
    },
  };
}
