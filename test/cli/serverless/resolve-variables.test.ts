import { expect, test } from "@jest/globals";

import { resolveVariables } from "../../../src/cli/serverless/resolve-variables.js";

const sources = { stage: "dev", environment: { SIZE: "7" }, file: "serverless.yml" };

test("variables of the file, the stage, the environment and parameters are resolved, with what stands in for them", () => {
  const config = {
    custom: { table: "orders-${sls:stage}", sizes: { dev: 5 }, name: "${self:custom.table}-x" },
    params: { default: { window: 3 } },
    a: "${self:custom.sizes.${opt:stage, 'prod'}}",
    b: "${env:SIZE}",
    c: "${env:NONE, self:custom.name}",
    d: "${param:window, 9}",
    e: ["${opt:other, true}", "arn:${AWS::Region}:${self:provider.stage}"],
  };
  expect(resolveVariables(config, sources)).toMatchObject({
    custom: { name: "orders-dev-x" },
    a: 5,
    b: "7",
    c: "orders-dev-x",
    d: 3,
    e: [true, "arn:${AWS::Region}:dev"],
  });
});

test("variables that need the framework are named, all together", () => {
  const config = { a: "${file(./x.yml):y}", b: "${ssm:/key}" };
  expect(() => resolveVariables(config, sources)).toThrow(
    /serverless\.yml: 2 mistakes[^]*file\(\.\/x\.yml\):y[^]*ssm:\/key[^]*install osls or serverless/,
  );
});
