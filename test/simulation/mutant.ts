/** What a wrong variant of the protocol is: production code with one piece of it replaced. */
import type { WorldName } from './worlds.ts';

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Where it shows soonest. */
  readonly world?: WorldName;
}
