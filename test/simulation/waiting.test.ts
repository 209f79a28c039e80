import { describe } from 'vitest';
import { playsAnySchedule } from './play.ts';

describe('a whole runtime keeps every promise', () => {
  playsAnySchedule('waiting');
});
