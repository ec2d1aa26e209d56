import { expect, test } from "@jest/globals";

import { createProgress } from "../../src/cli/progress.js";

test("where there is no terminal, progress is a plain line at the end, told once", () => {
  const written: string[] = [];
  const stream = {
    isTTY: false,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream;
  const progress = createProgress(stream);
  const work = progress.add("written", 10);
  work.update(3);
  work.update(10);
  work.update(10);
  progress.stop();
  expect(written).toEqual([expect.stringMatching(/^written {4}10\/10 \| \d+\/s \| ETA 0s\n$/)]);
});
