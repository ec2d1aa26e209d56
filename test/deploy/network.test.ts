import { describe, expect, test } from "@jest/globals";

import { networkResources, SUBNETS } from "../../src/deploy/network.js";

const resources = networkResources();

/** Properties of all resources of a type. */
function ofType(type: string): readonly Readonly<Record<string, unknown>>[] {
  return Object.values(resources)
    .filter(({ Type }) => Type === `AWS::EC2::${type}`)
    .map(({ Properties }) => Properties);
}

function group(name: string): unknown {
  return { "Fn::GetAtt": [name, "GroupId"] };
}

describe("the network of the cache", () => {
  test("leads to DynamoDB by a gateway endpoint and nowhere else", () => {
    expect(ofType("VPCEndpoint")).toMatchObject([
      {
        VpcEndpointType: "Gateway",
        ServiceName: { "Fn::Sub": "com.amazonaws.${AWS::Region}.dynamodb" },
        RouteTableIds: [{ Ref: "CacheRouteTable" }],
      },
    ]);
    for (const type of ["InternetGateway", "NatGateway", "Route"]) expect(ofType(type)).toEqual([]);
    const routed = ofType("SubnetRouteTableAssociation").map(({ SubnetId }) => SubnetId);
    expect(routed).toEqual(SUBNETS.map((Ref) => ({ Ref })));
  });

  test("is in two zones, with room for the interfaces of the function", () => {
    expect(ofType("Subnet")).toMatchObject([
      { CidrBlock: "10.0.0.0/25", AvailabilityZone: { "Fn::Select": [0, { "Fn::GetAZs": "" }] } },
      { CidrBlock: "10.0.0.128/25", AvailabilityZone: { "Fn::Select": [1, { "Fn::GetAZs": "" }] } },
    ]);
  });

  test("has the cache let in the functions that use it, and nobody else, and reach nothing itself", () => {
    const { Properties } = resources["CacheSecurityGroup"]!;
    expect(Properties["SecurityGroupIngress"]).toMatchObject([
      {
        FromPort: 6379,
        ToPort: 6380,
        SourceSecurityGroupId: group("CacheFunctionSecurityGroup"),
      },
    ]);
    expect(Properties["SecurityGroupEgress"]).toMatchObject([{ CidrIp: "127.0.0.1/32" }]);
    expect(ofType("SecurityGroupIngress")).toEqual([]);
  });

  test("has nobody reach the functions, and the functions reach the cache and DynamoDB", () => {
    const { Properties } = resources["CacheFunctionSecurityGroup"]!;
    expect(Properties).not.toHaveProperty("SecurityGroupIngress");
    expect(Properties["SecurityGroupEgress"]).toMatchObject([{ FromPort: 443, ToPort: 443 }]);
    expect(ofType("SecurityGroupEgress")).toMatchObject([
      {
        GroupId: group("CacheFunctionSecurityGroup"),
        DestinationSecurityGroupId: group("CacheSecurityGroup"),
        FromPort: 6379,
        ToPort: 6380,
      },
    ]);
  });
});
