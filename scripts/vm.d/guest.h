/* SPDX-License-Identifier: GPL-2.0-only */
/* The two halves of the guest's first process: guest-root.c makes the machine, guest.c runs the job. */
#ifndef GVT_VM_GUEST_H
#define GVT_VM_GUEST_H

/*
 * Say why the machine cannot do its job, to the host once the port is open and to the
 * console before that, and stop: the end of process 1 is a panic, which the host sees.
 */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

void boot_kernel(void);			/* /proc, /sys, /dev, the modules of the image */
int open_port(const char *name);	/* a virtio-serial port by its name */
void make_root(void);			/* this process's root is the host's, writable */
void share_build(const char *path);	/* the host's build directory, shared for real */
void load_module(const char *path);
void set_value(const char *path, const char *value);

#endif
