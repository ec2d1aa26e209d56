const NUMBER = /^-?[\d,]+(\.\d+)?$/;

/** Lays rows out in columns: text to the left, numbers to the right, two spaces between, under one header line. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? "").length)),
  );
  const isNumber = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => NUMBER.test(String(row[column]))),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}
