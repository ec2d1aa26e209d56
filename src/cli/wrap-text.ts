/** Breaks text between words into lines of at most so many columns; each but the first is indented by as many spaces. */
export function wrapText(text: string, columns: number, indent = 0): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    const room = columns - (lines.length === 0 ? 0 : indent);
    if (longer.length <= room || line === "") line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
