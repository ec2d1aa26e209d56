import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { tsImport } from "tsx/esm/api";

import { createTablesHandler, type DeclarationExports } from "../compose.js";
import { createCacheHandler } from "../compose-cache.js";
import { MillraceError } from "../errors.js";
import type { StreamHandler } from "../lambda/stream-handler.js";
import { collectDeclarations, type Declarations } from "../view/declarations.js";

/** A user's project: its declarations, and the handlers that the event source mappings call. */
export interface Project {
  readonly directory: string;
  readonly pipelineFile: string;
  readonly declarations: Declarations;
  /** The handler of each function, by its name: `tables` and `cache`, where there are views for it. */
  readonly handlers: Readonly<Record<string, StreamHandler>>;
}

/**
 * Loads `pipeline.ts` and the handlers of a project, afresh at every call, so that a changed file takes effect.
 *
 * Handlers are those in `handlers/`, as they would be deployed; where a file is missing, the same handler made here.
 *
 * @throws `configuration` when there is no `pipeline.ts`, or when its declarations are wrong.
 */
export async function loadProject(directory: string, pipeline = "pipeline.ts"): Promise<Project> {
  const { pipelineFile, exports } = await loadPipeline(directory, pipeline);
  const declarations = collectDeclarations(exports);
  const hasCache = declarations.views.some(({ kind }) => kind === "cache-view");
  const hasTables = declarations.views.some(({ kind }) => kind !== "cache-view");
  const handlers: Record<string, StreamHandler> = {};
  if (hasTables)
    handlers["tables"] = await loadHandler(directory, "tables", () => createTablesHandler(exports));
  if (hasCache)
    handlers["cache"] = await loadHandler(directory, "cache", () => createCacheHandler(exports));
  return { directory, pipelineFile, declarations, handlers };
}

/**
 * Loads what `pipeline.ts` exports, and nothing else of a project.
 *
 * @throws `configuration` when there is no such file.
 */
export async function loadPipeline(
  directory: string,
  pipeline: string,
): Promise<{ readonly pipelineFile: string; readonly exports: DeclarationExports }> {
  const pipelineFile = resolve(directory, pipeline);
  if (!existsSync(pipelineFile)) {
    throw new MillraceError(
      "configuration",
      `there is no ${pipelineFile}; run millrace in the folder of your pipeline.ts, or name it by --pipeline <file>`,
    );
  }
  return { pipelineFile, exports: await importFresh<DeclarationExports>(pipelineFile) };
}

async function loadHandler(
  directory: string,
  name: string,
  make: () => StreamHandler,
): Promise<StreamHandler> {
  const file = join(directory, "handlers", `${name}.ts`);
  if (!existsSync(file)) return make();
  const { handler } = await importFresh<{ handler?: StreamHandler }>(file);
  if (typeof handler === "function") return handler;
  throw new MillraceError(
    "configuration",
    `${file} exports no function named "handler"; export const handler = …`,
  );
}

/** Imports a TypeScript module with everything it imports in a namespace of its own. */
async function importFresh<T>(file: string): Promise<T> {
  return (await tsImport(pathToFileURL(file).href, import.meta.url)) as T;
}
