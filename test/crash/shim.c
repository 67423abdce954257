/*
 * LD_PRELOAD for a manager that is to die at an exact call to the disk, and, if asked, as by a power cut: with it dies
 * what was written to the journal since its last fsync. That is what a SIGKILL alone never shows, because the kernel
 * keeps a killed process's writes.
 *
 *   CRASH_SHIM_AT="<call> <before|half|after> <end of the file's name> <nth>"   call: fsync, pwrite, ftruncate
 *   CRASH_SHIM_POWER=<seed>   the power is cut; 0: all that was not synced is lost, else some of its sectors
 *   CRASH_SHIM_MARK=<file>    written when the point is reached
 *   CRASH_SHIM_FAIL=<file>    while it is there, holding "<call> <errno>", such calls of the journal fail so
 *
 * With CRASH_SHIM_POWER every SIGKILL that the process sends itself is a power cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

/* One write that is not synced yet: what was there before. Newest first. */
struct unsynced {
  char path[4096];
  off64_t at, size_before;
  size_t length;
  struct unsynced *older;
  unsigned char before[];
};

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static struct unsynced *newest;
static char at_call[16], at_when[16], at_suffix[256];
static long at_nth, power = -1;

static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off64_t), (*real_kill)(pid_t, int);

__attribute__((constructor)) static void begin(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_kill = dlsym(RTLD_NEXT, "kill");
  const char *at = getenv("CRASH_SHIM_AT"), *cut = getenv("CRASH_SHIM_POWER");
  if (at && sscanf(at, "%15s %15s %255s %ld", at_call, at_when, at_suffix, &at_nth) != 4) abort();
  if (cut) power = atol(cut);
  /* Whatever the manager starts is not to die of this. */
  unsetenv("LD_PRELOAD");
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, 4095);
  if (length < 0) return 0;
  path[length] = 0;
  return strstr(path, "/journal.db") != NULL && !strstr(path, "-shm");
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

static int is_lost(const char *path, off64_t sector) {
  if (power == 0) return 1;
  uint64_t hash = 0x9e3779b97f4a7c15u * (uint64_t)(power + 1) ^ (uint64_t)sector * 0xbf58476d1ce4e5b9u;
  for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
  return (hash >> 33) & 1;
}

/* The disk as it is after the power came back. Called with the lock held: nobody writes meanwhile. */
static void cut_power(void) {
  for (struct unsynced *one = newest; one; one = one->older) {
    int fd = open(one->path, O_WRONLY);
    if (fd < 0) continue;
    for (size_t done = 0; done < one->length;) {
      off64_t place = one->at + (off64_t)done;
      size_t piece = SECTOR - (size_t)(place % SECTOR);
      if (piece > one->length - done) piece = one->length - done;
      if (is_lost(one->path, place / SECTOR)) real_pwrite(fd, one->before + done, piece, place);
      done += piece;
    }
    if (power == 0) real_ftruncate(fd, one->size_before);
    close(fd);
  }
}

static void die(const char *what) {
  const char *mark = getenv("CRASH_SHIM_MARK");
  if (mark && what) {
    int fd = open(mark, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) {
      dprintf(fd, "%s\n", what);
      close(fd);
    }
  }
  if (power >= 0) cut_power();
  real_kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* true while the test wants such calls to fail; errno says how */
static int is_failing(const char *call) {
  const char *file = getenv("CRASH_SHIM_FAIL");
  FILE *wish = file ? fopen(file, "r") : NULL;
  char which[16] = "";
  int number = 0;
  if (!wish) return 0;
  int fields = fscanf(wish, "%15s %d", which, &number);
  fclose(wish);
  if (fields != 2 || strcmp(which, call) != 0) return 0;
  errno = number;
  return 1;
}

/* true once, at the call that was asked for */
static int is_now(const char *call, const char *path) {
  if (at_nth == 0 || strcmp(call, at_call) != 0 || !ends_with(path, at_suffix)) return 0;
  return --at_nth == 0;
}

static void remember(const char *path, int fd, off64_t at, size_t length) {
  if (power < 0) return;
  struct unsynced *one = calloc(1, sizeof *one + length);
  struct stat64 now;
  if (!one || fstat64(fd, &now) != 0) abort();
  strcpy(one->path, path);
  one->at = at;
  one->length = length;
  one->size_before = now.st_size;
  one->older = newest;
  /* Its descriptor may be open for writing only. */
  int reader = open(path, O_RDONLY);
  if (reader >= 0) {
    if (pread64(reader, one->before, length, at) < 0) abort();
    close(reader);
  }
  newest = one;
}

static void forget(const char *path) {
  for (struct unsynced **link = &newest; *link;) {
    struct unsynced *one = *link;
    if (strcmp(one->path, path) != 0) {
      link = &one->older;
      continue;
    }
    *link = one->older;
    free(one);
  }
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  char path[4096];
  if (!path_of(fd, path)) return real_pwrite(fd, bytes, length, at);
  if (is_failing("pwrite")) return -1;
  pthread_mutex_lock(&lock);
  int now = is_now("pwrite", path);
  if (now && strcmp(at_when, "before") == 0) die("pwrite before");
  remember(path, fd, at, length);
  ssize_t done = real_pwrite(fd, bytes, now && strcmp(at_when, "half") == 0 ? length / 2 : length, at);
  if (now) die("pwrite");
  pthread_mutex_unlock(&lock);
  return done;
}

static int synced(int fd, int (*real)(int)) {
  char path[4096];
  if (!path_of(fd, path)) return real(fd);
  if (is_failing("fsync")) return -1;
  pthread_mutex_lock(&lock);
  int now = is_now("fsync", path);
  if (now && strcmp(at_when, "before") == 0) die("fsync before");
  int result = real(fd);
  if (result == 0) forget(path);
  if (now) die("fsync after");
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

int ftruncate64(int fd, off64_t length) {
  char path[4096];
  if (!path_of(fd, path)) return real_ftruncate(fd, length);
  pthread_mutex_lock(&lock);
  int now = is_now("ftruncate", path);
  if (now && strcmp(at_when, "before") == 0) die("ftruncate before");
  struct stat64 was;
  if (fstat64(fd, &was) == 0 && was.st_size > length) remember(path, fd, length, (size_t)(was.st_size - length));
  int result = real_ftruncate(fd, length);
  if (now) die("ftruncate after");
  pthread_mutex_unlock(&lock);
  return result;
}

int kill(pid_t pid, int signal) {
  if (power >= 0 && pid == getpid() && signal == SIGKILL) {
    pthread_mutex_lock(&lock);
    die(NULL);
  }
  return real_kill(pid, signal);
}
