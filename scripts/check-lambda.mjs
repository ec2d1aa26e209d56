/**
 * Runs the packaged functions under AWS's own runtime client, on the Node.js that is deployed.
 *
 *   npm run check:lambda [-- 22]      the major version of Node.js; by default the one in serverless.yml
 *
 * The first run takes a minute: the client is built from its source, which needs cmake, make, g++ and python3. What it
 * installs goes into a folder for temporary files, and is found there again.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";

const CLIENT = "aws-lambda-ric@4.0.2";

const [deployed] = /(?<=runtime: nodejs)\d+/.exec(readFileSync("serverless.yml", "utf8")) ?? [];
const node = process.argv[2] ?? deployed;
const nodePackage = `node-linux-${arch()}`;
const folder = join(tmpdir(), `millrace-check-lambda-${node}`);
const installed = (path) => join(folder, "node_modules", path);
const client = installed("aws-lambda-ric/index.mjs");
// Written last, so that an installation that was broken off is done again.
const done = join(folder, "installed");
const binary = installed(`${nodePackage}/bin/node`);

/** Ends this process with the other's exit code where that is not 0. */
function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

if (process.platform !== "linux") {
  console.error("AWS's runtime client runs on Linux; use docker compose, or a Linux machine");
  process.exit(2);
}
if (!existsSync(done)) {
  const missing = ["cmake", "make", "g++", "python3"].filter(
    (tool) => spawnSync("which", [tool]).status !== 0,
  );
  if (missing.length > 0) {
    console.error(`to build AWS's runtime client, install ${missing.join(", ")}`);
    process.exit(2);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  console.log(`installing ${CLIENT} and Node.js ${node} in ${folder}`);
  run("npm", ["install", "--no-audit", "--no-fund", CLIENT, `${nodePackage}@${node}`], {
    cwd: folder,
  });
  writeFileSync(done, "");
}

run(binary, ["--version"]);
run(
  process.execPath,
  [
    join("node_modules", "jest", "bin", "jest.js"),
    ...["--selectProjects", "integration", "--testPathPatterns", "test/deploy/package.int"],
  ],
  {
    env: {
      ...process.env,
      NODE_OPTIONS: "--experimental-vm-modules --no-warnings",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      MILLRACE_LAMBDA_NODE: binary,
      MILLRACE_LAMBDA_CLIENT: client,
    },
  },
);
