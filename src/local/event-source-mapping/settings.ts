/** The settings of an event source mapping, by AWS's names in camel case. */
export interface MappingSettings {
  /** Most records in one invocation, 1 to 10,000. */
  readonly batchSize: number;
  /** How long to wait for a batch to fill, 0 to 300 seconds. */
  readonly maximumBatchingWindowInSeconds: number;
  /** Batches of one shard under way at once, 1 to 10; the order of one item's records is kept. */
  readonly parallelizationFactor: number;
  readonly startingPosition: "TRIM_HORIZON" | "LATEST";
  readonly bisectBatchOnFunctionError: boolean;
  /** Tries after the first, 0 to 10,000, or -1 for as long as the record is in the stream. */
  readonly maximumRetryAttempts: number;
  /** Oldest record that is delivered, 60 to 604,800 seconds, or -1 for any. */
  readonly maximumRecordAgeInSeconds: number;
  /** Whether `FunctionResponseTypes` has `ReportBatchItemFailures`. */
  readonly reportBatchItemFailures: boolean;
}

/** AWS's own defaults. Source: answers of CreateEventSourceMapping. */
export const DEFAULT_SETTINGS: MappingSettings = {
  batchSize: 100,
  maximumBatchingWindowInSeconds: 0,
  parallelizationFactor: 1,
  startingPosition: "TRIM_HORIZON",
  bisectBatchOnFunctionError: false,
  maximumRetryAttempts: -1,
  maximumRecordAgeInSeconds: -1,
  reportBatchItemFailures: false,
};

/** What is wrong with settings, in the words AWS uses. */
export function settingsMistakes(settings: MappingSettings): string[] {
  return [
    ...rangeMistakes("batchSize", settings.batchSize, 1, 10_000),
    ...rangeMistakes(
      "maximumBatchingWindowInSeconds",
      settings.maximumBatchingWindowInSeconds,
      0,
      300,
    ),
    ...rangeMistakes("parallelizationFactor", settings.parallelizationFactor, 1, 10),
    ...rangeMistakes("maximumRetryAttempts", settings.maximumRetryAttempts, -1, 10_000),
    ...ageMistakes(settings.maximumRecordAgeInSeconds),
  ];
}

function rangeMistakes(name: string, value: number, least: number, most: number): string[] {
  const constraint =
    value < least
      ? `Member must have value greater than or equal to ${least}`
      : value > most
        ? `Member must have value less than or equal to ${most}`
        : undefined;
  if (constraint === undefined && Number.isInteger(value)) return [];
  return [
    `Value '${value}' at '${name}' failed to satisfy constraint: ${constraint ?? "Member must be a whole number"}`,
  ];
}

function ageMistakes(age: number): string[] {
  if (age === -1 || (age >= 60 && age <= 604_800)) return [];
  return [
    "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)",
  ];
}
