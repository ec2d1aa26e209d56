import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";

const FOLDER = "src/sink/redis/lua";
const files = readdirSync(FOLDER).filter((file) => file.endsWith(".lua"));
const scripts = files.map((file) => {
  const text = readFileSync(`${FOLDER}/${file}`, "utf8");
  const end = text.indexOf("]]");
  return { file, header: text.slice(0, end), body: text.slice(end) };
});

function indexes(text: string, name: "KEYS" | "ARGV"): number[] {
  const found = [...text.matchAll(new RegExp(`${name}\\[(\\d+)\\]`, "g"))].map(([, n]) =>
    Number(n),
  );
  // `ARGV, 5, #ARGV` takes the fifth argument and all that follow.
  const rest =
    name === "ARGV" ? [...text.matchAll(/ARGV, (\d+), #ARGV/g)].map(([, n]) => Number(n)) : [];
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

describe.each(readdirSync(`${FOLDER}/include`))("include/%s", (file) => {
  const text = readFileSync(`${FOLDER}/include/${file}`, "utf8");

  test("takes what it works on from whoever calls it, and makes no number of a version", () => {
    expect(text).not.toMatch(/\b(KEYS|ARGV)\b|tonumber|cjson/);
  });

  test("is included by some script", () => {
    expect(
      scripts.filter(({ body }) => body.includes(`--@include ${file.slice(0, -4)}\n`)),
    ).not.toEqual([]);
  });
});

test("the compiled scripts are up to date with their files", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build-lua.mjs", "--check"]);
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
});
