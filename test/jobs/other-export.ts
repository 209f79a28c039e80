import { defineJob } from '../../src/worker.ts';

defineJob(() => 1);
export default () => 2;
