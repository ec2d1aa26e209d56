/** A CloudFormation logical name out of words: `flights-by-destination`, `Table` becomes `FlightsByDestinationTable`. */
export function logicalName(...words: readonly string[]): string {
  return words
    .flatMap((word) => word.split(/[^a-zA-Z0-9]+/))
    .filter((part) => part !== "")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
}
