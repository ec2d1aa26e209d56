import { expect, test } from "@jest/globals";

import { attribute, localArn, ref, substitute } from "../../src/deploy/template.js";

test("references are written as CloudFormation fills them in", () => {
  expect(ref("Table")).toEqual({ Ref: "Table" });
  expect(attribute("Table", "Arn")).toEqual({ "Fn::GetAtt": ["Table", "Arn"] });
  expect(substitute("${Table.Arn}/*")).toEqual({ "Fn::Sub": "${Table.Arn}/*" });
  expect(localArn("logs", "log-group:a")).toEqual({
    "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:a",
  });
});
