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
  /** Length of a tumbling window, 0 to 900 seconds; 0 for none. */
  readonly tumblingWindowInSeconds: number;
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
  tumblingWindowInSeconds: 0,
  reportBatchItemFailures: false,
};

/** A setting that holds a number. */
export type NumericSetting = {
  [Name in keyof MappingSettings]: MappingSettings[Name] extends number ? Name : never;
}[keyof MappingSettings];

/**
 * Least and most of every numeric setting, both allowed.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 */
export const SETTING_RANGES: Readonly<Record<NumericSetting, readonly [number, number]>> = {
  batchSize: [1, 10_000],
  maximumBatchingWindowInSeconds: [0, 300],
  parallelizationFactor: [1, 10],
  maximumRetryAttempts: [-1, 10_000],
  maximumRecordAgeInSeconds: [-1, 604_800],
  tumblingWindowInSeconds: [0, 900],
};

/** What AWS says of tumbling windows together with parallel batches. */
export const PARALLEL_WINDOWS =
  "Parallelization factor must be equal to 1 when tumbling window period is configured";

/** What is said of tumbling windows together with filters, which AWS rejects too. */
export const FILTERED_WINDOWS =
  "Filter criteria is not supported when tumbling window period is configured";

/** What is wrong with settings, in the words AWS uses. */
export function settingsMistakes(settings: MappingSettings): string[] {
  const names = Object.keys(SETTING_RANGES) as NumericSetting[];
  const outOfRange = names.flatMap((name) => rangeMistake(name, settings[name]) ?? []);
  const age = ageMistake(settings.maximumRecordAgeInSeconds);
  return [
    ...outOfRange,
    ...(age === undefined || outOfRange.some((each) => each.includes("RecordAge")) ? [] : [age]),
    ...(settings.tumblingWindowInSeconds > 0 && settings.parallelizationFactor > 1
      ? [PARALLEL_WINDOWS]
      : []),
  ];
}

/** What is wrong with one numeric setting's value, if anything. */
export function rangeMistake(name: NumericSetting, value: number): string | undefined {
  const [least, most] = SETTING_RANGES[name];
  const constraint =
    value < least
      ? `Member must have value greater than or equal to ${least}`
      : value > most
        ? `Member must have value less than or equal to ${most}`
        : Number.isInteger(value)
          ? undefined
          : "Member must be a whole number";
  return constraint && `Value '${value}' at '${name}' failed to satisfy constraint: ${constraint}`;
}

/** What is wrong with a record age that is in the range of numbers: there is none between forever and a minute. */
export function ageMistake(ageSeconds: number): string | undefined {
  if (ageSeconds === -1 || (ageSeconds >= 60 && ageSeconds <= 604_800)) return undefined;
  return "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)";
}
