import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "@jest/globals";

import { readServerlessConfig } from "../../../src/cli/serverless/read-serverless-config.js";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "millrace-serverless-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("without the framework a file is read with CloudFormation's tags and its own variables", async () => {
  const file = join(folder, "serverless.yml");
  writeFileSync(
    file,
    `
service: shop
provider: { name: aws, stage: "\${opt:stage, 'dev'}" }
functions:
  copy:
    handler: copy.handler
    events:
      - stream: { type: dynamodb, arn: !GetAtt Orders.StreamArn }
resources:
  Resources:
    Orders:
      Type: AWS::DynamoDB::Table
      Properties: { TableName: !Sub "orders-\${sls:stage}", Other: !Join ["-", [a, !Ref Orders]] }
`,
  );
  expect(await readServerlessConfig(file, "test")).toMatchObject({
    provider: { stage: "test" },
    functions: { copy: { events: [{ stream: { arn: { "Fn::GetAtt": "Orders.StreamArn" } } }] } },
    resources: {
      Resources: {
        Orders: {
          Properties: {
            TableName: { "Fn::Sub": "orders-test" },
            Other: { "Fn::Join": ["-", ["a", { Ref: "Orders" }]] },
          },
        },
      },
    },
  });
});

test("a file that is not there, or is no YAML, is named", async () => {
  const file = join(folder, "serverless.yml");
  await expect(readServerlessConfig(file, undefined)).rejects.toThrow(
    `there is no ${file}; name it by --config <file>`,
  );
  writeFileSync(file, "a: [");
  await expect(readServerlessConfig(file, undefined)).rejects.toThrow(`${file}: `);
});
