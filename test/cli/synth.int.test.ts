import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";

import * as pipeline from "../../pipeline.js";
import { synthesize } from "../../src/deploy/synthesize.js";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "millrace-synth-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `millrace synth` as a user would, with no service and no address in its environment. */
function synth(...options: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", "src/cli/main.ts", "synth", ...options], {
    cwd: ROOT,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
}

describe("millrace synth", () => {
  const { stdout, stderr } = synth("--service", "flights", "--stage", "prod");

  test("prints the template alone, as YAML, and asks for no service to be there", () => {
    expect(stderr).toBe("");
    expect(parse(stdout)).toEqual(
      synthesize({ ...pipeline }, { service: "flights", stage: "prod" }),
    );
  });

  test("prints JSON without a space too many, far below the megabyte that CloudFormation takes from a bucket", () => {
    const json = synth("--service", "flights", "--format", "json", "--existing-table", "flights");
    expect(json.stdout.length).toBeLessThan(500_000);
    const template = JSON.parse(json.stdout) as ReturnType<typeof synthesize>;
    expect(json.stdout.trim()).toBe(JSON.stringify(template));
    const { Parameters, Resources } = template;
    expect(Parameters).toHaveProperty("FlightsStreamArn");
    expect(Resources).not.toHaveProperty("FlightsTable");
  });

  test("prints a template that AWS's own validator has nothing against", () => {
    const file = join(folder, "template.yaml");
    writeFileSync(file, stdout);
    const script = `
      import { RegoEngine, TemplateFile } from "@aws/cloudformation-validate";
      const { diagnostics } = new RegoEngine().validateStandard(new TemplateFile(process.argv[1]));
      console.log(JSON.stringify(diagnostics.filter(({ severity }) => severity !== "INFO")));
    `;
    const validated = spawnSync(process.execPath, ["--input-type=module", "--eval", script, file], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    });
    expect([validated.stderr, JSON.parse(validated.stdout)]).toEqual(["", []]);
  });

  test("says what is wrong with the usage and ends with 2", () => {
    const wrong = synth("--service", "flights", "--existing-table", "planes");
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('"planes", which is no source');
    expect(synth().stderr).toContain("--service");
  });
});
