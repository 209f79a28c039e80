/**
 * What a regulator may do at any time: the promises hold whatever it decides. Owned by its world, on the main
 * thread.
 */
import type { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Admission } from '../../src/regulation/admission.ts';
import type { Tasks } from '../../src/runtime/tasks.ts';
import type { Choices } from './choices.ts';

interface Regulated {
  readonly coordinator: Coordinator;
  readonly admission: Admission;
  readonly tasks: Tasks;
}

export class SimulatedRegulator {
  readonly #main: Regulated;
  readonly #choices: Choices;
  #emergency = false;

  constructor(main: Regulated, choices: Choices) {
    this.#main = main;
    this.#choices = choices;
  }

  act(): void {
    const { coordinator, admission } = this.#main;
    if (this.#emergency) this.endEmergency();
    else if (this.#choices.once(4)) {
      this.#emergency = true;
      coordinator.critical = true;
      admission.hold(true);
      coordinator.drain();
    } else {
      const { cleanup } = coordinator;
      for (const { row, unused } of cleanup.takeUse()) {
        cleanup.clear(row, unused);
        cleanup.lowerQuota(row, this.#choices.pick(3), this.#choices.pick(3));
      }
    }
  }

  endEmergency(): void {
    if (!this.#emergency) return;
    this.#emergency = false;
    const { coordinator, admission, tasks } = this.#main;
    coordinator.critical = false;
    coordinator.cleanup.refill();
    admission.hold(false);
    tasks.pump();
  }
}
