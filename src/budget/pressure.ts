/** How scarce memory is, in rising order. */
export const PRESSURE_LEVELS = ['nominal', 'elevated', 'high', 'critical'] as const;
export type PressureLevel = (typeof PRESSURE_LEVELS)[number];
