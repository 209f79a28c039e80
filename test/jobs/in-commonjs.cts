const { defineJob } = require('../../src/worker.ts');

module.exports = defineJob((value: number) => value + 1);
