import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

import { parseDocument, YAMLMap } from "yaml";

import { messageOf, MillraceError } from "../../errors.js";
import { resolveVariables } from "./resolve-variables.js";

/** A value of a configuration file. */
export type ConfigValue =
  | string
  | number
  | boolean
  | null
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue };

/** What is read of a serverless.yml, all its variables resolved. */
export type ServerlessConfig = Readonly<Record<string, ConfigValue>>;

const FRAMEWORKS = ["osls", "serverless", "sls"];
/** CloudFormation's functions as YAML's tags: `!GetAtt a.b` is `Fn::GetAtt: a.b`. */
const INTRINSICS = ["GetAtt", "Sub", "Join", "ImportValue", "Select", "Split", "If", "FindInMap"];

/**
 * Reads a serverless.yml as it would be deployed.
 *
 * Where the project has the Serverless Framework (or osls), that resolves the variables, so that local is what is
 * deployed; elsewhere the variables that need nothing but the file, the environment and the stage are resolved here.
 *
 * @throws `configuration` when there is no such file, or a variable cannot be resolved.
 */
export async function readServerlessConfig(
  file: string,
  stage: string | undefined,
): Promise<ServerlessConfig> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new MillraceError("configuration", `there is no ${path}; name it by --config <file>`);
  const framework = findFramework(dirname(path));
  if (framework !== undefined) return print(framework, path, stage);
  const parsed = parse(path);
  return resolveVariables(parsed, {
    stage: stage ?? stageOf(parsed),
    environment: process.env,
    file: path,
  });
}

function findFramework(directory: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const found = FRAMEWORKS.map((name) => join(folder, "node_modules", ".bin", name)).find(
      existsSync,
    );
    if (found !== undefined || dirname(folder) === folder) return found;
  }
}

async function print(
  framework: string,
  path: string,
  stage: string | undefined,
): Promise<ServerlessConfig> {
  const named = stage === undefined ? [] : ["--stage", stage];
  try {
    const { stdout } = await promisify(execFile)(
      framework,
      ["print", "--format", "json", "--config", basename(path), ...named],
      { cwd: dirname(path), maxBuffer: 64 * 1024 * 1024 },
    );
    return JSON.parse(stdout.slice(stdout.indexOf("{"))) as ServerlessConfig;
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || messageOf(cause);
    throw new MillraceError(
      "configuration",
      `${basename(framework)} print cannot read ${path}: ${said}`,
      { cause },
    );
  }
}

function parse(path: string): ServerlessConfig {
  const tags = INTRINSICS.flatMap((name) => intrinsicTags(`!${name}`, `Fn::${name}`));
  const document = parseDocument(readFileSync(path, "utf8"), {
    customTags: [...tags, ...intrinsicTags("!Ref", "Ref")],
    merge: true,
  });
  const [mistake] = document.errors;
  if (mistake) throw new MillraceError("configuration", `${path}: ${mistake.message}`);
  return (document.toJS() ?? {}) as ServerlessConfig;
}

function intrinsicTags(tag: string, key: string) {
  const wrap = (value: unknown) => {
    const map = new YAMLMap();
    map.set(key, value);
    return map;
  };
  return [
    { tag, resolve: (text: string) => ({ [key]: text }) },
    { tag, collection: "seq" as const, resolve: wrap },
    { tag, collection: "map" as const, resolve: wrap },
  ];
}

function stageOf({ provider }: ServerlessConfig): string {
  const stage = (provider as { stage?: unknown } | undefined)?.stage;
  return typeof stage === "string" && !stage.includes("${") ? stage : "dev";
}
