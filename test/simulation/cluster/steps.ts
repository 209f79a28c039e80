/** What was measured of each step of hosts, in ms. */
export class Steps {
  readonly ms: Record<string, number[]> = {};

  add(name: string, ...ms: readonly number[]): void {
    const before = this.ms[name];
    if (before === undefined) this.ms[name] = [...ms];
    else before.push(...ms);
  }
}
