/** What a stage decides. */
export interface Stage {
  readonly name: string;
  /** Put before every declared table name, and the names of functions. */
  readonly tablePrefix: string;
  /** Whether data outlives the stack, and cannot be deleted by mistake. */
  readonly keepsData: boolean;
  readonly logRetentionDays: number;
  /** Most the cache may hold: what is beyond costs nothing, because it is not taken. */
  readonly cacheGb: number;
  /** Daily snapshots of the cache that are kept; a cache can be filled again, so few. */
  readonly cacheSnapshots: number;
}

type StageLimits = Omit<Stage, "name" | "tablePrefix">;

/** A stage to play with: it costs little and leaves nothing behind. */
const SMALL: StageLimits = {
  keepsData: false,
  logRetentionDays: 7,
  cacheGb: 1,
  cacheSnapshots: 0,
};

const LIMITS: Readonly<Record<string, StageLimits>> = {
  staging: { keepsData: false, logRetentionDays: 30, cacheGb: 5, cacheSnapshots: 0 },
  prod: { keepsData: true, logRetentionDays: 90, cacheGb: 10, cacheSnapshots: 7 },
};

/** What a stage of a service decides; one that is neither `staging` nor `prod` is as `dev`. */
export function stageOf(service: string, stage: string): Stage {
  return { name: stage, tablePrefix: `${service}-${stage}-`, ...(LIMITS[stage] ?? SMALL) };
}
