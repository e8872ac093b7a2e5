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

KSELFTEST_ENV := CC='$(CC)' SAN='$(SAN)'
KSELFTEST := O='$(O)' $(KSELFTEST_ENV) scripts/kselftest

.PHONY: selftests check-libgo check-tools check-kmod check-valgrind stress style

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

## check-valgrind: all tests of the library under Valgrind's memcheck, also the large ones (long)
check-valgrind: setup-check libgo
	$(KSELFTEST) build libgo
	O='$(O)' scripts/valgrind

## stress: each queue and lock of the library under load (SECONDS=60 TEST=all SEED= PROCS=8 SAN= LTO=)
SECONDS ?= 60
# With a sanitizer, or with LTO=1 (-O3 -flto, library and program compiled as one), built in a
# folder of its own: what is in O was compiled otherwise.
STRESS_KIND := $(if $(LTO),-lto)$(if $(SAN),-$(subst $(comma),-,$(SAN)))
STRESS_TESTS := stress_queues stress_sync stress_mutex net_stress stress
# Without a red zone gcc inlines libgo into the programs, too.
STRESS_LTO := -O3 $(if $(findstring clang,$(CC)),-flto,-flto=auto $(if \
	$(filter x86_64,$(ARCH)),-mno-red-zone))
STRESS_BUILD = O='$(O)/stress$(STRESS_KIND)-$(notdir $(firstword $(CC)))' $(if $(LTO),OPT='$(STRESS_LTO)')
stress: $(if $(STRESS_KIND),,libgo)
ifeq ($(STRESS_KIND),)
	$(KSELFTEST) build libgo
	O='$(O)' scripts/stress '$(SECONDS)' '$(or $(TEST),all)' '$(SEED)' '$(or $(PROCS),8)'
else
	$(MAKE) $(STRESS_BUILD) libgo
	$(KSELFTEST_ENV) $(STRESS_BUILD) TESTS='$(STRESS_TESTS)' $(if $(LTO),TESTS_LTO='$(STRESS_TESTS)') \
		scripts/kselftest build libgo
	$(STRESS_BUILD) scripts/stress '$(SECONDS)' '$(or $(TEST),all)' '$(SEED)' '$(or $(PROCS),8)'
endif

## style: clang-format, checkpatch, sparse, licences, exported names, documentation
style:
	O='$(O)' scripts/style
