/* SPDX-License-Identifier: GPL-2.0-only */
/* typed.h - what typed.c asks of parts/typed.cpp */
#ifndef PARTS_TYPED_H
#define PARTS_TYPED_H

#ifdef __cplusplus
extern "C" {
#endif

/* 0, or the number of the line that went wrong. */
int typed_in_cxx(void);

#ifdef __cplusplus
}
#endif

#endif /* PARTS_TYPED_H */
