/** The machine that set-up works on; a test may make one up. */
export interface SetupMachine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Number of the user; 0 is root. */
  readonly uid: number | undefined;
  say(line: string): void;
  list(folder: string): readonly string[];
  run(command: string, ...args: string[]): string | undefined;
  runAloud(command: string, ...args: string[]): boolean;
}

export interface MissingNeed {
  readonly name: string;
  readonly tooOld: readonly string[];
}

export function missingOn(machine: SetupMachine): MissingNeed[];
export function remedyLine(need: MissingNeed, machine: SetupMachine): string;
export function installOn(machine: SetupMachine, missing: readonly MissingNeed[]): boolean;
export function arePackagesStale(lock: string, installed: string | undefined): boolean;
