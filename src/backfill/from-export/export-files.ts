import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the files of an export are. Paths are relative to it, with "/" between. */
export interface ExportFiles {
  /** As it was given, for messages. */
  readonly location: string;
  /** A small file whole; `undefined` where there is none. */
  read(path: string): Promise<string | undefined>;
  /** Names of the folders in a folder. */
  folders(path: string): Promise<readonly string[]>;
  /**
   * A file as one of this machine's disk, so that it can be checked whole before any of it is used, and so that no
   * connection waits while what was read is being worked on.
   */
  fetch(path: string): Promise<FetchedFile>;
}

/** A file on disk. */
export interface FetchedFile {
  readonly path: string;
  /** Removes it, where it is only a copy. */
  release(): Promise<void>;
}

/** An export that was copied to a folder. */
export function folderFiles(folder: string): ExportFiles {
  return {
    location: folder,
    read: (path) => unlessMissing(() => readFile(join(folder, path), "utf8")),
    async folders(path) {
      const entries = await unlessMissing(() =>
        readdir(join(folder, path), { withFileTypes: true }),
      );
      return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name);
    },
    fetch: async (path) => ({ path: join(folder, path), release: async () => undefined }),
  };
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw thrown;
  }
}
