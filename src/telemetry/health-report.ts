/** What a verdict on a runtime is made of. Plain JSON. */

export const HEALTH_STATES = ['ok', 'warn', 'fail'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export const HEALTH_CHECKS = [
  'poolUtilization',
  'pressureLevel',
  'allocationLatency',
  'hitRatio',
  'cleanupFrequency',
  'recoverySuccessRate',
] as const;
export type HealthCheckName = (typeof HEALTH_CHECKS)[number];

export interface HealthCheck {
  readonly state: HealthState;
  /** In the unit of the check's thresholds, see {@link HealthThresholds}. */
  readonly value: number;
  readonly warnAt: number;
  readonly failAt: number;
  /** What the value means and what to do. */
  readonly sentence: string;
}

export interface HealthReport {
  /** The worst of all checks. */
  readonly verdict: HealthState;
  readonly sentence: string;
  readonly checks: Readonly<Record<HealthCheckName, HealthCheck>>;
}
