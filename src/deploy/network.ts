import type { Deployment } from "./deployment.js";
import { BACKFILL_QUEUE } from "./queues.js";
import { attribute, ref, type Resource, type Resources, substitute } from "./template.js";

/** Logical names of the private subnets, in two zones. */
export const SUBNETS = ["CacheSubnetA", "CacheSubnetB"] as const;

/** Logical name of the security group of functions that use the cache. */
export const FUNCTION_GROUP = "CacheFunctionSecurityGroup";

/** Logical name of the security group of the cache. */
export const CACHE_GROUP = "CacheSecurityGroup";

const VPC = "CacheVpc";
const ROUTES = "CacheRouteTable";

/** 6379 for writing, 6380 for reading from a replica. */
const PORTS = { FromPort: 6379, ToPort: 6380, IpProtocol: "tcp" } as const;

/** Without a rule, EC2 would let a group reach everything. */
const NOTHING = { IpProtocol: "-1", CidrIp: "127.0.0.1/32", Description: "Nothing" } as const;

/**
 * A network with nothing in it but the cache and the functions that use it: no way in, and out only to DynamoDB,
 * through a gateway endpoint, which costs nothing, and to one queue. Logs, metrics and traces leave through Lambda itself.
 */
export function networkResources(): Resources {
  return {
    [VPC]: {
      Type: "AWS::EC2::VPC",
      Properties: {
        CidrBlock: "10.0.0.0/24",
        EnableDnsSupport: true,
        EnableDnsHostnames: true,
        Tags: [{ Key: "Name", Value: substitute("${AWS::StackName}-cache") }],
      },
    },
    [ROUTES]: { Type: "AWS::EC2::RouteTable", Properties: { VpcId: ref(VPC) } },
    ...subnets(),
    DynamoDbEndpoint: {
      Type: "AWS::EC2::VPCEndpoint",
      Properties: {
        VpcEndpointType: "Gateway",
        VpcId: ref(VPC),
        ServiceName: substitute("com.amazonaws.${AWS::Region}.dynamodb"),
        RouteTableIds: [ref(ROUTES)],
      },
    },
    ...securityGroups(),
  };
}

function subnets(): Resources {
  return Object.fromEntries<Resource>(
    SUBNETS.flatMap((name, i): [string, Resource][] => [
      [
        name,
        {
          Type: "AWS::EC2::Subnet",
          Properties: {
            VpcId: ref(VPC),
            CidrBlock: `10.0.0.${i * 128}/25`,
            AvailabilityZone: { "Fn::Select": [i, { "Fn::GetAZs": "" }] },
          },
        },
      ],
      [
        `${name}Routes`,
        {
          Type: "AWS::EC2::SubnetRouteTableAssociation",
          Properties: { SubnetId: ref(name), RouteTableId: ref(ROUTES) },
        },
      ],
    ]),
  );
}

function securityGroups(): Resources {
  const group = (name: string) => attribute(name, "GroupId");
  return {
    [FUNCTION_GROUP]: {
      Type: "AWS::EC2::SecurityGroup",
      Properties: {
        VpcId: ref(VPC),
        GroupDescription: "Functions that use the cache",
        SecurityGroupEgress: [
          {
            IpProtocol: "tcp",
            FromPort: 443,
            ToPort: 443,
            // The list of DynamoDB's addresses differs by region; the only route out there is leads to DynamoDB.
            CidrIp: "0.0.0.0/0",
            Description: "DynamoDB and SQS, by their endpoints",
          },
        ],
      },
    },
    [CACHE_GROUP]: {
      Type: "AWS::EC2::SecurityGroup",
      Properties: {
        VpcId: ref(VPC),
        GroupDescription: "The cache: lets in the functions that use it, and nobody else",
        SecurityGroupIngress: [
          {
            ...PORTS,
            SourceSecurityGroupId: group(FUNCTION_GROUP),
            Description: "Functions that use the cache",
          },
        ],
        SecurityGroupEgress: [NOTHING],
      },
    },
    // Apart from its group, because the two groups name each other.
    CacheEgress: {
      Type: "AWS::EC2::SecurityGroupEgress",
      Properties: {
        ...PORTS,
        GroupId: group(FUNCTION_GROUP),
        DestinationSecurityGroupId: group(CACHE_GROUP),
        Description: "The cache",
      },
    },
  };
}

const QUEUE_GROUP = "QueueEndpointSecurityGroup";

/**
 * The way from the cache's network to the queue of backfills, for the function that sends on what is left of a segment: an
 * endpoint that lets that one action through. Nothing where the network is not the deployment's own.
 *
 * In one zone, since SQS has no gateway endpoint and this one is paid by the hour and zone; while that zone is away, a
 * backfill waits.
 */
export function queueEndpointResources({
  cache,
  plans,
}: Pick<Deployment, "cache" | "plans">): Resources {
  const isUsed = plans.some(({ work, usesCache }) => work === "backfill" && usesCache);
  if (cache.kind !== "managed" || !isUsed) return {};
  return {
    QueueEndpoint: {
      Type: "AWS::EC2::VPCEndpoint",
      Properties: {
        VpcEndpointType: "Interface",
        VpcId: ref(VPC),
        ServiceName: substitute("com.amazonaws.${AWS::Region}.sqs"),
        PrivateDnsEnabled: true,
        SubnetIds: [ref(SUBNETS[0])],
        SecurityGroupIds: [attribute(QUEUE_GROUP, "GroupId")],
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: "*",
              Action: ["sqs:SendMessage"],
              Resource: [attribute(BACKFILL_QUEUE, "Arn")],
            },
          ],
        },
      },
    },
    [QUEUE_GROUP]: {
      Type: "AWS::EC2::SecurityGroup",
      Properties: {
        VpcId: ref(VPC),
        GroupDescription: "The endpoint of SQS: lets in the functions that use the cache",
        SecurityGroupIngress: [
          {
            IpProtocol: "tcp",
            FromPort: 443,
            ToPort: 443,
            SourceSecurityGroupId: attribute(FUNCTION_GROUP, "GroupId"),
            Description: "Functions that use the cache",
          },
        ],
        SecurityGroupEgress: [NOTHING],
      },
    },
  };
}
