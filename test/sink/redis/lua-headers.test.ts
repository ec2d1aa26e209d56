import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";

const FOLDER = "src/sink/redis/lua";
const scripts = readdirSync(FOLDER).map((file) => {
  const text = readFileSync(`${FOLDER}/${file}`, "utf8");
  const end = text.indexOf("]]");
  return { file, header: text.slice(0, end), body: text.slice(end) };
});

function indexes(text: string, name: "KEYS" | "ARGV"): number[] {
  const found = [...text.matchAll(new RegExp(`${name}\\[(\\d+)\\]`, "g"))].map(([, n]) =>
    Number(n),
  );
  // `first = 4, #ARGV` takes the fourth argument and all that follow.
  const rest =
    name === "ARGV" ? [...text.matchAll(/= (\d+), #ARGV/g)].map(([, n]) => Number(n)) : [];
  return [...new Set([...found, ...rest])].sort((a, b) => a - b);
}

describe.each(scripts)("$file", ({ file, header, body }) => {
  test("its header names exactly the keys and arguments that its body uses", () => {
    expect(indexes(header, "KEYS")).toEqual(indexes(body, "KEYS"));
    expect(indexes(header, "ARGV")).toEqual(indexes(body, "ARGV"));
    expect(header).toMatch(/\n {2}Returns {2}/);
  });

  test("its name says how many keys it takes", () => {
    expect(file).toMatch(new RegExp(`-${indexes(body, "KEYS").length}\\.lua$`));
  });

  test("N1: it never makes a number of a version", () => {
    expect(body).not.toMatch(/tonumber|cjson/);
  });
});

test("the compiled scripts are up to date with their files", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build-lua.mjs", "--check"]);
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
});
