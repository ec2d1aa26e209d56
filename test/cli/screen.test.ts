import { Writable } from "node:stream";

import { expect, test } from "@jest/globals";

import { createScreen } from "../../src/cli/screen.js";

/** A stream that keeps what is written to it; a terminal, or not. */
function streamOf(isTTY: boolean) {
  const written: string[] = [];
  const stream = Object.assign(
    new Writable({ write: (chunk: Buffer, _encoding, done) => done(void written.push(chunk.toString())) }), // prettier-ignore
    { isTTY, columns: 10, clearScreenDown: () => written.push("<clear>") },
  );
  return { stream: stream as unknown as NodeJS.WriteStream, written };
}

test("a terminal is drawn over in place, and no line is broken in two", () => {
  const { stream, written } = streamOf(true);
  const screen = createScreen(stream);
  screen.redraw("one\ntwo");
  screen.end("a line of more than ten");
  expect(written).toEqual(["one\ntwo\n", "\u001b[2A", "<clear>", "a line of \n"]);
});

test("elsewhere only the end is written, whole", () => {
  const { stream, written } = streamOf(false);
  const screen = createScreen(stream);
  screen.redraw("one");
  screen.end("a line of more than ten");
  expect(written).toEqual(["a line of more than ten\n"]);
});
