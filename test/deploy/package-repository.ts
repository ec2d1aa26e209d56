import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = resolve(import.meta.dirname, "../..");

/** A resource of the packaged template. */
export interface PackagedResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** What `sls package` left. */
export interface Package {
  readonly template: string;
  /** All that it printed. */
  readonly output: string;
  /** Whether any process of it asked the network for anything. */
  readonly askedNetwork: boolean;
  readonly resources: Readonly<Record<string, PackagedResource>>;
  /** Resources of a type, by logical name. */
  readonly ofType: (type: string) => [string, PackagedResource][];
  readonly zipOf: (name: string) => Buffer;
}

/** Notes every address that a process of the packager's asks for. */
const WITNESS = `
import { appendFileSync } from "node:fs";
import net from "node:net";
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (!options?.path) appendFileSync(process.env.WITNESS_FILE, JSON.stringify(options) + "\\n");
  return connect.apply(this, args);
};
`;

/** Packages the repository as somebody without an account and without a network would. */
export function packageRepository(folder: string, stage: string, redisUrl: string): Package {
  const witness = join(folder, "witness.mjs");
  const asked = join(folder, "asked");
  const packaged = join(folder, "packaged");
  writeFileSync(witness, WITNESS);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, "node_modules", "serverless", "bin", "serverless.js"),
      ...["package", "--package", packaged, "--stage", stage, "--param", `redisUrl=${redisUrl}`],
    ],
    {
      cwd: ROOT,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        NODE_OPTIONS: `--import ${pathToFileURL(witness).href}`,
        WITNESS_FILE: asked,
      },
    },
  );
  if (status !== 0) throw new Error(stdout + stderr);
  const template = join(packaged, "cloudformation-template-update-stack.json");
  const { Resources: resources } = JSON.parse(readFileSync(template, "utf8")) as {
    Resources: Package["resources"];
  };
  return {
    template,
    output: stdout + stderr,
    askedNetwork: existsSync(asked),
    resources,
    ofType: (type) => Object.entries(resources).filter(([, { Type }]) => Type === type),
    zipOf: (name) => readFileSync(join(packaged, `${name}.zip`)),
  };
}

/** What AWS's own validator says of a template. */
export function validate(template: string): readonly { severity: string; message: string }[] {
  const script = `
    import { RegoEngine, TemplateFile } from "@aws/cloudformation-validate";
    const engine = new RegoEngine();
    const { diagnostics } = engine.validateStandard(new TemplateFile(process.argv[1]));
    console.log(JSON.stringify(diagnostics));
  `;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...["--input-type=module", "--eval", script], template],
    { cwd: ROOT, encoding: "utf8", env: { PATH: process.env["PATH"] } },
  );
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as { severity: string; message: string }[];
}
