/* SPDX-License-Identifier: GPL-2.0-only */
/* create.h - tasks that begin and end. */
#ifndef GVT_CREATE_H
#define GVT_CREATE_H

#include <linux/sched.h>

#include "cells.h"

enum gvt_kind gvt_create_kind(const struct task_struct *task, u64 clone_flags);
enum gvt_exit gvt_create_exit(const struct task_struct *task);

#endif /* GVT_CREATE_H */
