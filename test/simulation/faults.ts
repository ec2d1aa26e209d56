import type { Fault, Plan } from "./plan.js";
import type { VirtualClock } from "./virtual-clock.js";

type StepFault = Extract<Fault, { step: number }>;
type DeliveryFault = Extract<Fault, { batch: number }>;
type SpellFault = Extract<Fault, { forMs: number }>;

/** Tells what goes wrong where, and counts what did. */
export interface Faults {
  /** What happens to the next step: a write to a sink or to quarantine. */
  nextStep(of: StepFault["of"]): StepFault | undefined;
  /** What happens to the batch delivered next. */
  nextBatch(): DeliveryFault | undefined;
  /** Whether a spell of this kind is on, of this view if one is named. */
  isOn(kind: SpellFault["kind"], view?: string): boolean;
  met(kind: string): void;
  /** How often each kind of fault was met. */
  readonly counts: ReadonlyMap<string, number>;
  /** Whether spells are over: after everything, faults must end for the views to come true. */
  end(): void;
}

/** Takes the faults of a plan. */
export function createFaults(plan: Plan, clock: VirtualClock): Faults {
  const steps = new Map<string, StepFault>();
  const batches = new Map<number, DeliveryFault>();
  const spells: SpellFault[] = [];
  for (const fault of plan.faults) {
    if ("step" in fault) steps.set(`${fault.of} ${fault.step}`, fault);
    else if ("batch" in fault) batches.set(fault.batch, fault);
    else if ("forMs" in fault) spells.push(fault);
  }
  const counts = new Map<string, number>();
  const step = { sink: 0, store: 0, look: 0, fences: 0, park: 0, state: 0 };
  let batch = 0;
  let over = false;
  const met = (kind: string) => counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return {
    nextStep: (of) => (over ? undefined : steps.get(`${of} ${step[of]++}`)),
    nextBatch: () => (over ? undefined : batches.get(batch++)),
    isOn(kind, view) {
      const now = clock.elapsedMs();
      const on = spells.some(
        (spell) =>
          spell.kind === kind &&
          (view === undefined || spell.view === view) &&
          spell.atMs <= now &&
          now < spell.atMs + spell.forMs,
      );
      if (on && !over) met(kind);
      return on && !over;
    },
    met,
    counts,
    end: () => {
      over = true;
    },
  };
}
