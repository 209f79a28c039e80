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
  'oldestTask',
  'queueStandstill',
  'silentThread',
  'lostThreads',
  'queueFull',
] as const;
export type HealthCheckName = (typeof HEALTH_CHECKS)[number];

/** Where one of these fails, only another process helps. */
export const LIVENESS_CHECKS: readonly HealthCheckName[] = [
  'oldestTask',
  'queueStandstill',
  'silentThread',
  'lostThreads',
];
/** Where one of these fails, work had better go elsewhere for a while. */
export const READINESS_CHECKS: readonly HealthCheckName[] = [
  'pressureLevel',
  'queueFull',
  ...LIVENESS_CHECKS,
];

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
  /**
   * For who restarts the process: false once a task has run for too long, tasks wait and none has begun or
   * ended for too long, a thread does not answer, or all are lost.
   */
  readonly live: boolean;
  /**
   * For who sends work here: live, not short of memory for more than a moment, and its queue not fuller than
   * its threshold says, where one was given.
   */
  readonly ready: boolean;
  readonly checks: Readonly<Record<HealthCheckName, HealthCheck>>;
}
