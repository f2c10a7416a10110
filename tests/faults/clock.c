/* A clock that can be moved: loaded into a process by LD_PRELOAD, it adds the seconds in the file
   that MOVED_CLOCK names to the wall clock, as the C library reads it. The clock that only counts
   on (CLOCK_MONOTONIC) stays as it is, as it does when a real clock is set. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long moved_by(void) {
  const char *name = getenv("MOVED_CLOCK");
  char text[32] = {0};
  int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  return length > 0 ? atol(text) : 0;
}

int clock_gettime(clockid_t which, struct timespec *now) {
  static __thread long seconds;
  static __thread time_t asked;
  int failed = syscall(SYS_clock_gettime, which, now);
  if (failed || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE)) return failed;
  if (now->tv_sec != asked) { /* once a second */
    asked = now->tv_sec;
    seconds = moved_by();
  }
  now->tv_sec += seconds;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now) *now = precise.tv_sec;
  return precise.tv_sec;
}
