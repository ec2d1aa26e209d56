import { expect, test } from "@jest/globals";

import type { ConfigValue } from "../../../src/cli/serverless/read-serverless-config.js";
import { resolveIntrinsic, resourceName } from "../../../src/cli/serverless/resolve-intrinsic.js";

const resources = {
  Orders: {
    Type: "AWS::DynamoDB::Table",
    Properties: { TableName: { "Fn::Sub": "${AWS::Region}-orders" } },
  },
  Failures: { Type: "AWS::SQS::Queue" },
  Alarm: { Type: "AWS::SNS::Topic", Properties: { TopicName: "alarm" } },
};
const orders = "arn:aws:dynamodb:us-east-1:000000000000:table/us-east-1-orders";

test.each<[ConfigValue, string | undefined]>([
  ["as it is", "as it is"],
  [5, "5"],
  [{ Ref: "Orders" }, "us-east-1-orders"],
  [{ Ref: "Alarm" }, "arn:aws:sns:us-east-1:000000000000:alarm"],
  [{ "Fn::GetAtt": ["Orders", "StreamArn"] }, `${orders}/stream/latest`],
  [{ "Fn::GetAtt": "Orders.Arn" }, orders],
  [{ "Fn::GetAtt": ["Failures", "Arn"] }, "arn:aws:sqs:us-east-1:000000000000:Failures"],
  [{ "Fn::Join": ["/", ["a", { Ref: "Orders" }]] }, "a/us-east-1-orders"],
  [
    { "Fn::Sub": ["${Orders.Arn}/${x}", { x: { Ref: "AWS::AccountId" } }] },
    `${orders}/000000000000`,
  ],
  [{ "Fn::Sub": "${Nobody}" }, undefined],
  [{ "Fn::Join": ["", [{ "Fn::ImportValue": "other" }]] }, undefined],
  [{ "Fn::ImportValue": "other" }, undefined],
  [{ "Fn::GetAtt": ["Nobody", "Arn"] }, undefined],
])("%j is %s", (value, text) => {
  expect(resolveIntrinsic(value, resources)).toBe(text);
});

test("a resource without a name goes by its logical id, and there is none of another's", () => {
  expect(resourceName("Failures", resources)).toBe("Failures");
  expect(resourceName("Nobody", resources)).toBeUndefined();
});
