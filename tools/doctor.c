// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor.c - `gvt doctor`: what this machine can do, what is missing, what brings it.
 *
 * Looks and tries, changes nothing. A check is a function that fills one finding; the
 * table at the end of the file is their order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "counters.h"
#include "doctor.h"
#include "gvt.h"
#include "host.h"
#include "thread_limits.h"
#include "output.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102	/* Linux 6.13 */
#define MADV_GUARD_REMOVE	103
#endif

static const char *const state_name[] = { "ok", "note", "missing" };

void found(struct finding *f, enum state how, const char *fmt, ...)
{
	va_list ap;

	f->state = how;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

void remedy(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

static void check_program(struct finding *f, const char *program, const char *package,
			  const char *use)
{
	char *path = find_program(program);

	if (path) {
		found(f, STATE_OK, "%s", path);
		free(path);
		return;
	}
	found(f, STATE_MISSING, "no %s: %s", program, use);
	remedy(f, "apt-get install %s", package);
}

/* --------------------------------------------------------------- the machine */

static void check_kernel(struct finding *f)
{
	found(f, STATE_OK, "Linux %s", host_kernel());
}

static void check_cpus(struct finding *f)
{
	found(f, host_cpus() > 1 ? STATE_OK : STATE_NOTE, "%d usable by this process", host_cpus());
	if (host_cpus() == 1)
		remedy(f, "goroutines and threads run, but never at the same time");
}

static void check_memory(struct finding *f)
{
	uint64_t available = host_memory_available();
	char text[TEXT_SIZE];

	text_value(text, "bytes", available);
	if (available >= 12ull << 30) {
		found(f, STATE_OK, "%s available: room for 1,000,000 goroutines", text);
		return;
	}
	found(f, STATE_NOTE, "%s available: less than `gvt run scale` wants for 1,000,000", text);
	remedy(f, "gvt run scale takes no more than half of it");
}

static void check_virtual(struct finding *f)
{
	const char *name = host_virtual();

	if (!strcmp(name, "tcg")) {
		found(f, STATE_NOTE, "tcg: an emulated machine");
		remedy(f, "counts are exact here, times are good for ratios only");
	} else {
		found(f, STATE_OK, "%s%s", name,
		      !strcmp(name, "none") ? ": this is the hardware" : "");
	}
}

/* ------------------------------------------------------------ the lab machine */

static void check_kvm(struct finding *f)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = -1, err = errno;

	if (fd >= 0) {
		vm = ioctl(fd, KVM_CREATE_VM, 0);
		err = errno;
	}
	if (vm >= 0) {
		found(f, STATE_OK, "/dev/kvm makes machines (whether they boot, scripts/vm finds out)");
		close(vm);
	} else {
		found(f, STATE_NOTE, "%s: %s", fd < 0 ? "/dev/kvm" : "/dev/kvm makes no machine",
		      strerror(err));
		if (err == EACCES)
			remedy(f, "usermod -aG kvm $USER, then log in again");
		else
			remedy(f, "none needed: the lab machine (make demo) is emulated, slower");
	}
	if (fd >= 0)
		close(fd);
}

static void check_qemu(struct finding *f)
{
	check_program(f, "qemu-system-x86_64", "qemu-system-x86", "the lab machine (make demo)");
}

/* ---------------------------------------------------------------- the module */

static bool kernel_has_modules(void)
{
	return !access("/proc/modules", R_OK);
}

static void check_module_support(struct finding *f)
{
	FILE *file;
	int disabled = 0;

	if (!kernel_has_modules()) {
		found(f, STATE_MISSING, "this kernel was built without loadable modules");
		remedy(f, "make demo (loads gvt.ko in the lab machine's own kernel)");
		return;
	}
	file = fopen("/proc/sys/kernel/modules_disabled", "re");
	if (file && fscanf(file, "%d", &disabled) != 1)
		disabled = 0;
	if (file)
		fclose(file);
	if (!disabled) {
		found(f, STATE_OK, "this kernel loads modules");
		return;
	}
	found(f, STATE_MISSING, "modules are switched off until the next boot");
	remedy(f, "reboot without kernel.modules_disabled=1");
}

static void check_headers(struct finding *f)
{
	char path[160];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", host_kernel());
	if (!access(path, R_OK)) {
		found(f, STATE_OK, "/lib/modules/%s/build", host_kernel());
		return;
	}
	found(f, STATE_MISSING, "none for the running kernel: gvt.ko can't be built for it");
	if (kernel_has_modules())
		remedy(f, "apt-get install linux-headers-%s", host_kernel());
	else
		remedy(f, "make demo (brings headers for the lab machine's kernel)");
}

static void check_module(struct finding *f)
{
	if (!access("/proc/gvt/stat", R_OK)) {
		found(f, STATE_OK, "loaded: /proc/gvt is there");
		return;
	}
	found(f, STATE_MISSING, "not loaded");
	remedy(f, kernel_has_modules() ? "sudo make load" : "make demo");
}

static void check_source(struct finding *f)
{
	bool module = !strcmp(counters_source(), "gvt");

	found(f, module ? STATE_OK : STATE_NOTE, "%s", module ? "gvt: /proc/gvt" :
	      "procfs, getrusage and libgo");
	if (!module)
		remedy(f, "load gvt.ko for a process's own creations, and for what it switched to");
}

/* -------------------------------------------------------------------- limits */

static void check_limit(struct finding *f, enum limit which)
{
	struct thread_limit l[LIMIT_NR];
	char value[TEXT_SIZE], room[TEXT_SIZE];

	limits_read(l);
	if (!l[which].applies) {
		found(f, STATE_OK, "no limit");
		return;
	}
	found(f, STATE_OK, "%s: room for %s more threads", text_count(value, l[which].value),
	      text_count(room, l[which].room));
}

static void check_pid_max(struct finding *f)
{
	check_limit(f, LIMIT_PID_MAX);
}

static void check_threads_max(struct finding *f)
{
	check_limit(f, LIMIT_THREADS_MAX);
}

static void check_pids_cgroup(struct finding *f)
{
	if (!no_cgroups(f))
		check_limit(f, LIMIT_PIDS_CGROUP);
}

static void check_nproc(struct finding *f)
{
	check_limit(f, LIMIT_NPROC);
}

static void check_map_count(struct finding *f)
{
	check_limit(f, LIMIT_MAP_COUNT);
}

static void check_overcommit(struct finding *f)
{
	FILE *file = fopen("/proc/sys/vm/overcommit_memory", "re");
	int mode = -1;

	if (file && fscanf(file, "%d", &mode) != 1)
		mode = -1;
	if (file)
		fclose(file);
	if (mode != 2) {
		found(f, STATE_OK, "%d: address space may be reserved freely", mode);
		return;
	}
	found(f, STATE_NOTE, "2: reserved address space counts as memory; stacks run out early");
	remedy(f, "sysctl vm.overcommit_memory=0");
}

static void check_safe(struct finding *f)
{
	struct thread_limit l[LIMIT_NR];
	char text[TEXT_SIZE];
	enum limit which;
	uint64_t safe;

	limits_read(l);
	safe = limits_safe(l, &which);
	found(f, STATE_OK, "%s, bounded by %s", text_count(text, safe),
	      which == LIMIT_NR ? "nothing" : l[which].name);
}

static void check_guard(struct finding *f)
{
	long page = sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED && !madvise(p, page, MADV_GUARD_INSTALL)) {
		found(f, STATE_OK, "yes: a guard for each stack, at no mapping");
		madvise(p, page, MADV_GUARD_REMOVE);
	} else {
		found(f, STATE_NOTE, "no (Linux 6.13 on): mprotect while vm.max_map_count allows, "
		      "then canaries");
		remedy(f, "none needed; a newer kernel");
	}
	if (p != MAP_FAILED)
		munmap(p, page);
}

/* --------------------------------------------------------------------- tools */

static void check_make(struct finding *f)
{
	check_program(f, "make", "make", "builds all of it");
}

static void check_gcc(struct finding *f)
{
	check_program(f, "gcc", "gcc", "builds all of it");
}

static void check_go(struct finding *f)
{
	check_program(f, "go", "golang-go", "Go itself, to compare with");
}

static void check_python(struct finding *f)
{
	check_program(f, "python3", "python3", "--peers python, and gil beside it");
}

static void check_node(struct finding *f)
{
	check_program(f, "node", "nodejs", "--peers node, and eventloop beside it");
}

static void check_java(struct finding *f)
{
	check_program(f, "javac", "default-jdk-headless", "--peers java");
}

static void check_gnuplot(struct finding *f)
{
	check_program(f, "gnuplot", "gnuplot-nox", "the pictures of gvt report");
}

static const struct check {
	const char *name, *label;
	void (*run)(struct finding *f);
} checks[] = {
	{ "kernel", "kernel", check_kernel },
	{ "cpus", "CPUs", check_cpus },
	{ "memory", "memory", check_memory },
	{ "virtual", "virtual machine", check_virtual },
	{ "governor", "CPU frequency", check_governor },
	{ "turbo", "turbo", check_turbo },
	{ "smt", "SMT", check_smt },
	{ "load", "load", check_load },
	{ "steal", "time stolen", check_steal },
	{ "quota", "CPU quota (cgroup)", check_quota },
	{ "clock", "clock", check_clock },
	{ "huge_pages", "huge pages", check_huge_pages },
	{ "perf", "perf_event_paranoid", check_perf },
	{ "kvm", "KVM", check_kvm },
	{ "qemu", "QEMU", check_qemu },
	{ "modules", "loadable modules", check_module_support },
	{ "headers", "kernel headers", check_headers },
	{ "module", "gvt.ko", check_module },
	{ "counters", "counters come from", check_source },
	{ "pid_max", "kernel.pid_max", check_pid_max },
	{ "threads_max", "kernel.threads-max", check_threads_max },
	{ "pids_cgroup", "pids.max (cgroup)", check_pids_cgroup },
	{ "nproc", "RLIMIT_NPROC", check_nproc },
	{ "nofile", "RLIMIT_NOFILE", check_files },
	{ "address_space", "RLIMIT_AS", check_address_space },
	{ "map_count", "vm.max_map_count", check_map_count },
	{ "overcommit", "vm.overcommit_memory", check_overcommit },
	{ "threads", "threads made at most", check_safe },
	{ "guard", "MADV_GUARD_INSTALL", check_guard },
	{ "make", "make", check_make },
	{ "gcc", "gcc", check_gcc },
	{ "go", "go", check_go },
	{ "python", "python3", check_python },
	{ "node", "node", check_node },
	{ "java", "javac", check_java },
	{ "gnuplot", "gnuplot", check_gnuplot },
};

static int print_json(const struct finding *f)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(o, "version", json_object_new_int(1));
	json_object_object_add(o, "host", json_host());
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct json_object *c = json_object_new_object();

		json_object_object_add(c, "name", json_object_new_string(checks[i].name));
		json_object_object_add(c, "state", json_object_new_string(state_name[f[i].state]));
		json_object_object_add(c, "found", json_object_new_string(f[i].text));
		json_object_object_add(c, "remedy", f[i].remedy[0] ?
				       json_object_new_string(f[i].remedy) : NULL);
		json_object_array_add(list, c);
	}
	json_object_object_add(o, "checks", list);
	return json_print(o, stdout);
}

/* The table first; then, so that lines stay short, what to do about what isn't ok. */
static int print_table(const struct finding *f)
{
	static const char *const colour[] = { "green", "yellow", "red" };
	struct libscols_table *t = table_new(stdout);
	struct libscols_line *line;
	bool told = false;
	int err = -ENOMEM;

	if (!t)
		return err;
	if (!scols_table_new_column(t, "CHECK", 0, 0) ||
	    !scols_table_new_column(t, "", 0, 0) || !scols_table_new_column(t, "FOUND", 0, 0))
		goto out;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		line = scols_table_new_line(t, NULL);
		if (!line || scols_line_set_data(line, 0, checks[i].label) ||
		    scols_line_set_data(line, 1, state_name[f[i].state]) ||
		    scols_line_set_data(line, 2, f[i].text))
			goto out;
		scols_cell_set_color(scols_line_get_cell(line, 1), colour[f[i].state]);
	}
	err = scols_print_table(t);
	for (size_t i = 0; i < ARRAY_SIZE(checks) && !err; i++) {
		if (!f[i].remedy[0])
			continue;
		printf("%s  %-20s %s\n", told ? "" : "\nWhat to do:\n", checks[i].label,
		       f[i].remedy);
		told = true;
	}
out:
	scols_unref_table(t);
	return err;
}

int cmd_doctor(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	struct finding f[ARRAY_SIZE(checks)];
	int err;

	if (argc > 1 && !json) {
		complain(argv[1], "doctor takes nothing but --json");
		return EXIT_USAGE;
	}
	memset(f, 0, sizeof(f));
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i].run(&f[i]);
	err = json ? print_json(f) : print_table(f);
	if (err)
		complain("doctor", "%s", strerror(-err));
	return !err && flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}
