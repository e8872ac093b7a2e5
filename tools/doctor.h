/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor.h - what a check of `gvt doctor` fills, and the checks of its other file.
 */
#ifndef GVT_TOOLS_DOCTOR_H
#define GVT_TOOLS_DOCTOR_H

#include <stdbool.h>

enum state { STATE_OK, STATE_NOTE, STATE_MISSING };

/**
 * struct finding - what a check found
 * @state: ok; note: works, but not as well as it might; missing
 * @text: what was found
 * @remedy: the command, or what to do, where it isn't ok
 */
struct finding {
	enum state state;
	char text[200], remedy[200];
};

void found(struct finding *f, enum state how, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void remedy(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Return: true, and that is found, where what cgroups limit can't be seen. */
bool no_cgroups(struct finding *f);

/* doctor_quiet.c: what makes figures differ from one time to the next */
void check_governor(struct finding *f);
void check_turbo(struct finding *f);
void check_smt(struct finding *f);
void check_load(struct finding *f);
void check_steal(struct finding *f);
void check_quota(struct finding *f);
void check_clock(struct finding *f);
void check_huge_pages(struct finding *f);
void check_perf(struct finding *f);
void check_files(struct finding *f);
void check_address_space(struct finding *f);

#endif /* GVT_TOOLS_DOCTOR_H */
