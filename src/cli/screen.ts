import { moveCursor } from "node:readline";

/** Text that changes while it is looked at. */
export interface Screen {
  /** Shows how things stand: in place on a terminal; elsewhere not at all. */
  redraw(text: string): void;
  /** Shows how things ended. */
  end(text: string): void;
}

/** Redraws in place on a terminal; elsewhere only the end is written. */
export function createScreen(stream: NodeJS.WriteStream): Screen {
  let lines = 0;
  const show = (text: string) => {
    if (lines > 0) {
      moveCursor(stream, 0, -lines);
      stream.clearScreenDown();
    }
    // A line that is broken by the terminal would be two to go back over.
    const cut = stream.isTTY ? text.split("\n").map((line) => line.slice(0, stream.columns)) : [];
    stream.write(stream.isTTY ? `${cut.join("\n")}\n` : `${text}\n`);
    lines = cut.length;
  };
  return { redraw: (text) => stream.isTTY && show(text), end: show };
}
