/*
 * One measurement of malloc and free: as the other contenders, each turn gets memory, writes one sample and
 * reads it. The volatile accesses keep the compiler from leaving the allocation out.
 * usage: malloc BYTES ITERATIONS; prints nanoseconds per turn and the checksum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e9 + at.tv_nsec;
}

static double turns(size_t bytes, long iterations) {
  double sum = 0;
  for (long turn = 0; turn < iterations; turn++) {
    volatile float *samples = malloc(bytes);
    if (samples == NULL) abort();
    samples[turn & 1023] = (float)turn;
    sum += samples[turn & 1023];
    free((void *)samples);
  }
  return sum;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  size_t bytes = strtoull(arguments[1], NULL, 10);
  long iterations = atol(arguments[2]);
  turns(bytes, iterations); /* the others were warm, too */
  double start = now();
  double sum = turns(bytes, iterations);
  double nanoseconds = (now() - start) / iterations;
  printf("{\"nanoseconds\":%f,\"sum\":%.0f}\n", nanoseconds, sum);
  return 0;
}
