# SPDX-License-Identifier: GPL-2.0-only
# selftests: kselftest targets, built into $(O)/kselftest by scripts/kselftest
#
# Each folder here is one target with a Makefile as in the kernel's tree: it names its
# programs and scripts (TEST_GEN_PROGS, TEST_PROGS, TEST_FILES), and includes lib.mk.
# It is built as tools/testing/selftests/gvt/NAME in a tree that holds the kernel's
# machinery, so lib.mk is ../../lib.mk and the harness is in ../.. .
#
# What a Makefile finds in its environment:
#   GVT_TOP	top of the source: $(GVT_TOP)/libgo/include, /include/uapi, /kmod, ...
#   GVT_O	what was built: libgvtgo.so, libgvtgo.a, gvt, kmod/
#   CC		the compiler (on make's command line)
#   SAN	address, undefined, thread, as everything else was built, or empty;
#		the flags themselves are in USERCFLAGS and USERLDFLAGS, which lib.mk adds
#   OUTPUT	where to build, as always with lib.mk
#
# What a test finds: it runs in its folder under $(O)/kselftest/gvt, with GVT_TOP and GVT_O
# as above and GVT, the path of the gvt command. The source may be read-only (it is,
# inside the lab virtual machine): what a test writes goes to a mktemp folder.
# A `settings` file sets timeout=SECONDS for each program; without one it is 600.

KSELFTEST := O='$(O)' CC='$(CC)' SAN='$(SAN)' scripts/kselftest

.PHONY: selftests check-libgo check-tools check-kmod stress style

## selftests: build the tests, as the kernel's kselftest does
selftests: libgo tools $(if $(KMOD_HEADERS),kmod samples)
	$(KSELFTEST) build

## check-libgo: the tests of the library, on this machine
check-libgo: libgo
	$(KSELFTEST) build libgo
	$(KSELFTEST) check libgo

## check-tools: the tests of the gvt command, on this machine
check-tools: libgo tools
	$(KSELFTEST) build tools
	$(KSELFTEST) check tools

## check-kmod: the tests of the module, in the lab virtual machine
check-kmod: all samples
	$(KSELFTEST) build kmod
	VM=1 $(KSELFTEST) check kmod

## stress: each queue and lock of the library under load (SECONDS=60 TEST=all SEED= PROCS=8)
SECONDS ?= 60
stress: libgo
	$(KSELFTEST) build libgo
	O='$(O)' scripts/stress '$(SECONDS)' '$(or $(TEST),all)' '$(SEED)' '$(or $(PROCS),8)'

## style: clang-format, checkpatch, sparse, licences, exported names, documentation
style:
	O='$(O)' scripts/style
