// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's machine: what a distribution's start-up does before the first program of a
 * user runs, and no more of it.
 *
 * The root is the host's own, so that every program installed there runs here: its files
 * come over 9p, read-only, below an overlay whose upper half is this machine's memory.
 * Whatever is written lives until the machine ends; the host's files cannot change. Only
 * the build directory is shared for writing, because results have to get out.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <dirent.h>

#include "guest.h"

#define P9_OPTIONS "trans=virtio,version=9p2000.L,msize=512000"

static void mount_or_die(const char *what, const char *where, const char *type,
			 unsigned long flags, const char *options)
{
	if (mkdir(where, 0755) && errno != EEXIST)
		die("cannot make %s: %s", where, strerror(errno));
	if (mount(what, where, type, flags, options))
		die("cannot mount %s (%s) on %s: %s", what, type, where, strerror(errno));
}

/* A mount that a kernel may have been built without. */
static void mount_if_there(const char *what, const char *where, const char *type)
{
	struct stat st;

	if (!stat(where, &st))
		mount(what, where, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static int insert_module(const char *path)
{
	int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		err = errno;
	close(fd);
	return err;
}

void load_module(const char *path)
{
	int err = insert_module(path);

	if (err)
		die("cannot load %s: %s%s", path, strerror(err),
		    err == ENOEXEC ? " (was it built for this kernel?)" : "");
}

/* The image's /modules names its modules, one a line, in an order that works. */
static void load_modules(void)
{
	FILE *list = fopen("/modules", "re");
	char line[256];

	if (!list)
		die("the image has no list of modules");
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		load_module(line);
	}
	fclose(list);
}

void boot_kernel(void)
{
	mount_or_die("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_die("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_die("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	load_modules();
}

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(line, size, f);

	if (f)
		fclose(f);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static int find_port(const char *name)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		char path[512], found[64];

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		if (entry->d_name[0] == '.' || !read_line(path, found, sizeof(found)) ||
		    strcmp(found, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* The driver learns the ports' names from the host some time after it was loaded. */
int open_port(const char *name)
{
	for (int i = 0; i < 5000; i++) {
		int fd = find_port(name);

		if (fd >= 0)
			return fd;
		usleep(2000);
	}
	die("no virtio port '%s'", name);
}

static void loopback_up(void)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req))
		die("cannot bring up the loopback interface: %s", strerror(errno));
	close(fd);
}

void set_value(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* What this kernel does not have cannot be set: not an error. */
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		die("cannot write %s to %s: %s", value, path, strerror(errno));
	close(fd);
}

/* The limits that a user of a Debian system lives with; the kernel's own are others. */
static void set_limits(void)
{
	static const struct {
		int		what;
		struct rlimit	limit;
	} limits[] = {
		{ RLIMIT_NOFILE, { 1024, 1048576 } },
		{ RLIMIT_CORE, { 0, RLIM_INFINITY } },
		{ RLIMIT_MEMLOCK, { 8 << 20, RLIM_INFINITY } },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (setrlimit(limits[i].what, &limits[i].limit))
			die("cannot set a limit: %s", strerror(errno));
	set_value("/proc/sys/kernel/pid_max", "4194304");
	/* From here on the console's log is what a hang or a panic is judged by. */
	set_value("/proc/sys/kernel/printk", "7");
}

static void make_dev(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" }, { "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			die("cannot make %s: %s", links[i][1], strerror(errno));
	mount_or_die("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		     "mode=0620,gid=5,ptmxmode=0666");
	mount_or_die("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

void make_root(void)
{
	static const char *const keep[] = { "proc", "sys", "dev" };

	mount_or_die("root", "/lower", "9p", MS_RDONLY, P9_OPTIONS ",cache=loose");
	mount_or_die("memory", "/upper", "tmpfs", 0, "mode=0755");
	if (mkdir("/upper/files", 0755) || mkdir("/upper/work", 0755))
		die("cannot make the overlay's directories: %s", strerror(errno));
	mount_or_die("root", "/root", "overlay", 0,
		     "lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work");
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		char from[16], to[32];

		snprintf(from, sizeof(from), "/%s", keep[i]);
		snprintf(to, sizeof(to), "/root/%s", keep[i]);
		if (mount(from, to, NULL, MS_MOVE, NULL))
			die("cannot move %s: %s", from, strerror(errno));
	}
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("cannot change to the host's root: %s", strerror(errno));
	make_dev();
	mount_or_die("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
	mount_if_there("cgroup2", "/sys/fs/cgroup", "cgroup2");
	mount_if_there("debugfs", "/sys/kernel/debug", "debugfs");
	mount_if_there("tracefs", "/sys/kernel/tracing", "tracefs");
	loopback_up();
	set_limits();
	if (sethostname("gvt-vm", 6))
		die("cannot set the host name: %s", strerror(errno));
}

/* cache=mmap: reads and writes go to the host at once, and a file can still be mapped. */
void share_build(const char *path)
{
	mount_or_die("build", path, "9p", 0, P9_OPTIONS ",cache=mmap");
}
