/*
 * What goes wrong inside a process, loaded in front of libc: its wall clock is off, its inputs are slow, kill
 * it or its whole group. What is wrong now is read from a page of a file, which may change at any time.
 *
 * Clocks are asked of the kernel by system calls: nothing here allocates or looks up a symbol before all is
 * loaded, and nothing is locked, so that any process can be killed at any time. Waits until a time of the
 * wall clock are left as they are: neither Node nor Redis has one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct faults {
  int64_t clock_seconds;
  int64_t input_microseconds;
};

static const struct faults none;
static const volatile struct faults *faults = &none;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("MILLPOND_FAULTS");
  int file = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *page = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) faults = page;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  long failed = syscall(SYS_clock_gettime, clock, now);
  int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (failed == 0 && is_wall) now->tv_sec += faults->clock_seconds;
  return (int)failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  long failed = syscall(SYS_gettimeofday, now, zone);
  if (failed == 0) now->tv_sec += faults->clock_seconds;
  return (int)failed;
}

time_t time(time_t *seconds) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (seconds != NULL) *seconds = now.tv_sec;
  return now.tv_sec;
}

static void before_input(const char *path) {
  size_t length = strlen(path);
  if (length < 4 || strcmp(path + length - 4, ".wav") != 0) return;
  if (faults->input_microseconds > 0) usleep((useconds_t)faults->input_microseconds);
  if (strstr(path, "kills-its-process") != NULL) __builtin_trap();
  if (strstr(path, "kills-its-host") != NULL) kill(0, SIGKILL);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, int) : 0;
  va_end(rest);
  if ((flags & O_ACCMODE) == O_RDONLY) before_input(path);
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
