/** Plays a service under loads and prints its figures. */
import { measure } from './measure.ts';
import { play } from './play.ts';
import { LAN } from './scenarios.ts';

const seeds = [1, 2, 3];
for (const cores of [2, 8])
  for (const bytesMs of [60_000, 3_000]) {
    console.log(`cores ${cores} bytesMs ${bytesMs}`);
    for (const load of [0.8, 1, 3, 10]) {
      for (const seed of seeds) {
        const workload = { ...LAN, load, cores, bytesMs };
        const t = performance.now();
        const f = measure(play(workload, seed), workload);
        const took = performance.now() - t;
        const c = (x: typeof f.classes.short) =>
          `${x.done} p50 ${x.p50.toFixed(2)} p99 ${x.p99.toFixed(2)} alone ${x.aloneP99.toFixed(2)} refused ${(100 * x.refused).toFixed(1)}% wait ${x.waitP99Ms.toFixed(0)}`;
        const { hog, heavy, ...rest } = f.workMs;
        const mean = Object.values(rest).reduce((a, b) => a + b) / 12;
        console.log(
          `x${load} s${seed} | ${c(f.classes.short)} | ${c(f.classes.long)} | thr ${f.throughput.toFixed(3)} acc ${f.accuracy.toFixed(2)}/${f.headAccuracy.toFixed(2)} tick ${f.tickets} ${f.ticketsAdmitted.toFixed(2)} late ${f.lateAfterBody} asks ${f.asks} | hog ${(hog / mean).toFixed(2)} heavy ${(heavy / mean).toFixed(2)} min ${(Math.min(...Object.values(rest)) / mean).toFixed(2)} | ${((took * 1000) / f.asks).toFixed(0)}us/ask`,
        );
      }
    }
  }
