/** A batch as a broker names it, read from what may be anything. Pure. */
import type { Announcement } from './broker.ts';

/** Null for what is none. */
export function announcementIn(text: string): Announcement | null {
  try {
    const { id, folder, weight, priority, submittedMs, engine } = JSON.parse(text);
    const areTexts = [id, folder, engine ?? ''].every((value) => typeof value === 'string');
    const areNumbers = [weight, priority, submittedMs].every(Number.isFinite) && weight > 0;
    if (!areTexts || !areNumbers) return null;
    return { id, folder, weight, priority, submittedMs, engine: engine ?? null };
  } catch {
    return null;
  }
}
