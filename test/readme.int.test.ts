import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";
import ts from "typescript";

const ROOT = resolve(import.meta.dirname, "..");

describe("README.md", () => {
  const blocks = [
    ...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^```ts\n(.*?)^```/gms),
  ].map(([, code]) => code!);

  test("shows only code that compiles", () => {
    expect(blocks.length).toBeGreaterThan(0);
    expect(compile(blocks)).toEqual([]);
  });
});

/** Compiles pieces of code as modules beside package.json, without writing them, and gives what is wrong with them. */
function compile(blocks: readonly string[]): string[] {
  const sources = new Map(
    blocks.map((code, i) => [join(ROOT, "handlers", `readme-${i + 1}.ts`), code]),
  );
  const { config } = ts.readConfigFile(
    join(ROOT, "tsconfig.json"),
    ts.sys.readFile.bind(ts.sys),
  ) as {
    config: { compilerOptions: ts.CompilerOptions };
  };
  const parsed = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const options = { ...parsed.options, noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(options);
  const fromDisk = { ...host };
  host.fileExists = (path) => sources.has(path) || fromDisk.fileExists(path);
  host.readFile = (path) => sources.get(path) ?? fromDisk.readFile(path);
  host.getSourceFile = (path, languageVersion, onError, shouldCreate) => {
    const code = sources.get(path);
    if (code !== undefined) return ts.createSourceFile(path, code, languageVersion);
    return fromDisk.getSourceFile(path, languageVersion, onError, shouldCreate);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].flatMap((path, i) => {
    const file = program.getSourceFile(path);
    const found = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ];
    return found.map(({ messageText, start = 0 }) => {
      const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
      return `block ${i + 1}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}
