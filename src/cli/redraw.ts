/** What is drawn on: a terminal, or anything else that takes text. */
export type Screen = Pick<NodeJS.WriteStream, "isTTY" | "columns" | "rows" | "write">;

const HOME = "\u001B[H";
const CLEAR = "\u001B[2J";
const TO_LINE_END = "\u001B[K";
const TO_SCREEN_END = "\u001B[J";

/** Draws text over what it drew before on a terminal, as much as fits; elsewhere writes block after block. */
export function createRedraw(screen: Screen): (text: string) => void {
  if (!screen.isTTY) return (text) => void screen.write(`${text}\n\n`);
  let isFirst = true;
  return (text) => {
    const lines = text.split("\n").slice(0, Math.max(1, screen.rows - 1));
    const drawn = lines.map((line) => `${fitting(line, screen.columns)}${TO_LINE_END}\n`).join("");
    screen.write(`${isFirst ? CLEAR : ""}${HOME}${drawn}${TO_SCREEN_END}`);
    isFirst = false;
  };
}

/** A line cut to a width; what colours it takes no room. */
function fitting(line: string, columns: number): string {
  let room = columns;

  return line.replace(/\u001B\[\d+m|[^]/gu, (piece) =>
    piece.length > 2 ? piece : room-- > 0 ? piece : "",
  );
}
