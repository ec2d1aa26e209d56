import { configurationError, messageOf } from "../../errors.js";
import type { ExportFiles } from "./export-files.js";

/** A file of an export's items. */
export interface DataFile {
  /** Relative to where the export's files are. */
  readonly path: string;
  readonly items: number;
  /** MD5 of the file as it is stored, in base64, where the manifest tells it. */
  readonly md5?: string;
}

/** What a full export of a table is of, and where its items are. */
export interface ExportManifest {
  /** Tells the export from all others, wherever it was copied to. */
  readonly id: string;
  /** Name of the table. */
  readonly table: string;
  /** The moment the items are as of, Unix milliseconds. */
  readonly atMs: number;
  /** In the manifest's order, without those that are empty. */
  readonly files: readonly DataFile[];
}

/** What we read of manifest-summary.json. Source: DynamoDB developer guide, "DynamoDB table export output format". */
interface Summary {
  readonly exportArn?: unknown;
  readonly exportTime?: unknown;
  readonly exportType?: unknown;
  readonly exportFromTime?: unknown;
  readonly outputFormat?: unknown;
  readonly tableArn?: unknown;
}

/** What we read of each line of manifest-files.json. */
interface FileEntry {
  readonly dataFileS3Key?: unknown;
  readonly itemCount?: unknown;
  readonly md5Checksum?: unknown;
}

/**
 * Reads the manifest of the export at a location: the export's own folder, or the one it was requested for.
 *
 * Its files are looked for beside the manifest, whatever prefix they were exported to, so that a copy will do.
 *
 * @throws `configuration` where there is no export, or several, or one that is not full and in DynamoDB JSON.
 */
export async function readManifest(files: ExportFiles): Promise<ExportManifest> {
  const folder = await findExport(files);
  const name = `${files.location}/${folder}${SUMMARY}`;
  const summary = parse<Summary>(name, await files.read(folder + SUMMARY));
  const { exportArn, exportTime, tableArn } = summary;
  const table = textOf(tableArn).split(":table/")[1];
  const atMs = Date.parse(textOf(exportTime));
  const mistakes = [...kindMistakes(name, summary)];
  if (table === undefined || Number.isNaN(atMs) || typeof exportArn !== "string")
    mistakes.push(
      `${name} lacks exportArn, exportTime or tableArn; it is not the manifest of a finished export`,
    );
  if (atMs > Date.now())
    mistakes.push(`${name} says exportTime ${textOf(exportTime)}, which is yet to come`);
  if (mistakes.length > 0) throw refusal(mistakes);
  const listed = await files.read(folder + FILES);
  return {
    id: textOf(exportArn),
    table: table ?? "",
    atMs,
    files: dataFiles(files, folder, listed),
  };
}

const SUMMARY = "manifest-summary.json";
const FILES = "manifest-files.json";
const PARENT = "AWSDynamoDB";

/** The folder of the one export there is, with "/" at its end. */
async function findExport(files: ExportFiles): Promise<string> {
  if ((await files.read(SUMMARY)) !== undefined) return "";
  let found = await exportsIn(files, PARENT);
  if (found.length === 0) found = await exportsIn(files, "");
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw refusal([
    only === undefined
      ? `there is no ${SUMMARY} in ${files.location}; name the folder of an export that is finished, ${PARENT}/<export id>`
      : `there are ${found.length} exports in ${files.location}: ${found.join(", ")}; name one of these folders`,
  ]);
}

async function exportsIn(files: ExportFiles, parent: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of await files.folders(parent)) {
    const folder = parent === "" ? `${id}/` : `${parent}/${id}/`;
    if ((await files.read(folder + SUMMARY)) !== undefined) found.push(folder);
  }
  return found;
}

function kindMistakes(name: string, { exportType, exportFromTime, outputFormat }: Summary) {
  const mistakes: string[] = [];
  if (outputFormat !== "DYNAMODB_JSON")
    mistakes.push(
      `${name} is of format ${textOf(outputFormat)}; export the table again with --export-format DYNAMODB_JSON`,
    );
  if (exportType === "INCREMENTAL_EXPORT" || exportFromTime !== undefined)
    mistakes.push(
      `${name} is of an incremental export, which has only what changed in a while; export the table again with --export-type FULL_EXPORT`,
    );
  return mistakes;
}

function dataFiles(files: ExportFiles, folder: string, text: string | undefined): DataFile[] {
  const name = `${files.location}/${folder}${FILES}`;
  if (text === undefined)
    throw refusal([`there is no ${name}; copy the whole export, or name where it is in S3`]);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.flatMap((line, i) => {
    const entry = parse<FileEntry>(`${name}, line ${i + 1},`, line);
    const { dataFileS3Key: key, itemCount: items, md5Checksum: md5 } = entry;
    if (typeof key !== "string" || typeof items !== "number")
      throw refusal([`${name}, line ${i + 1}, names no file, or not how many items are in it`]);
    const path = `${folder}data/${key.slice(key.lastIndexOf("/") + 1)}`;
    return items === 0 ? [] : [{ path, items, ...(typeof md5 === "string" && { md5 }) }];
  });
}

function parse<T extends object>(name: string, text = ""): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as T;
    throw new Error("it is no object");
  } catch (thrown) {
    throw refusal([`${name} cannot be read: ${messageOf(thrown)}; copy the export again`]);
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}

function refusal(mistakes: readonly string[]) {
  return configurationError("--from-export", mistakes);
}
