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

/**
 * A network with nothing in it but the cache and the functions that use it: no way in, and out only to DynamoDB,
 * through a gateway endpoint, which costs nothing. Logs, metrics and traces leave through Lambda itself.
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
            // The list of DynamoDB's addresses differs by region; the only route there is leads to DynamoDB.
            CidrIp: "0.0.0.0/0",
            Description: "DynamoDB, by the gateway endpoint",
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
        // Without a rule, EC2 would let it reach everything.
        SecurityGroupEgress: [{ IpProtocol: "-1", CidrIp: "127.0.0.1/32", Description: "Nothing" }],
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
