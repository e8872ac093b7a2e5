# SPDX-License-Identifier: GPL-2.0-only
#
# gvt - what a kernel thread costs and what a goroutine costs, with real numbers.
# `make help` lists what can be typed. Everything that is made goes under $(O).
#
# Each part brings a fragment with its own rules: libgo/libgo.mk, tools/tools.mk,
# kmod/kmod.mk, selftests/selftests.mk. Only names that a person types stand here.

# ------------------------------------------------------------- what can be set
O	?= build
# Make takes a blank for the end of a name, and the kernel's build refuses both.
ifneq ($(words x$(CURDIR) x$(O))$(findstring :,$(CURDIR)$(O)),2)
$(error gvt: there is a blank or a colon in the path '$(CURDIR)' or in O='$(O)', and make cannot \
	build there: please use another folder)
endif
# One name for a folder: what depends on what is written down with it.
override O := $(abspath $(O))
ifeq ($(origin CC),default)
CC	:= gcc
endif
AR	?= ar
PKG_CONFIG ?= pkg-config
OPT	?= -O2 -g
# SAN=address, undefined, thread (or address,undefined): build with that sanitizer
SAN	?=
PREFIX	?= /usr/local
DESTDIR	?=
LIBDIR	?= $(PREFIX)/lib

VERSION	:= 0.1.0

# ---------------------------------------------------------- flags of every part
WARN	:= -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow=local
ifneq ($(findstring clang,$(CC)),)
WARN	:= $(filter-out -Wshadow=local,$(WARN)) -Wno-unused-command-line-argument
endif
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
BASEFLAGS = -std=gnu11 $(OPT) $(WARN) $(SANFLAGS) -I include/uapi -MMD -MP -pthread

# V=1 shows the commands
Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-8s%s\n' $(1) $(patsubst $(CURDIR)/%,%,$(2)))

# lacking NAME,PACKAGE: for a build that would end in "no such file": what to install
define lacking
	@command -v $(PKG_CONFIG) >/dev/null || { \
		echo "gvt: $(PKG_CONFIG) is missing; install it: apt-get install pkg-config" \
		"(scripts/setup build installs all that is needed)" >&2; exit 1; }
	@echo "gvt: $(PKG_CONFIG) does not find $(1); install it: apt-get install $(2)" \
		"(scripts/setup build installs all that is needed)" >&2; exit 1
endef

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

.PHONY: all help demo check check-models check-kernels check-debug bench bench-kmod bench-net vm load unload install uninstall clean
.PHONY: setup setup-demo setup-check setup-models setup-debug setup-bench setup-bench-kmod setup-peers
include libgo/libgo.mk
include tools/tools.mk
include Documentation/man.mk
include kmod/kmod.mk
include Documentation/samples/samples.mk
include selftests/selftests.mk

## all: the library, its examples, the tools, manual pages, and the module where kernel headers are found
all: libgo tools examples man $(if $(KMOD_HEADERS),kmod,no-kmod)

## demo: threads beside goroutines, counted by gvt.ko in the lab virtual machine
demo: setup-demo
	$(MAKE) all
	scripts/demo

## check: everything that has to pass: both compilers, style, all selftests, the VM
check: setup-check
	scripts/check

## check-models: the scheduler's models hold in every state (Spin), their mutations don't
check-models: setup-models
	O='$(O)' scripts/models

## check-kernels: the tests of the module in each kernel that it is made for
check-kernels: setup-check
	scripts/check-kernels

## check-debug: the tests of the module in kernels that look for its faults (long)
check-debug: setup-debug
	scripts/check-debug

## bench-kmod: what gvt.ko costs, in instructions and in time
bench-kmod: setup-bench-kmod
	$(MAKE) kmod
	O='$(O)' scripts/bench-kmod $(ARGS)

## bench: libgo beside Go and pthreads, ratios and targets (ARGS=... for gvt bench)
bench: tools peers
	$(O)/gvt bench $(ARGS)

## bench-net: libgo's servers beside Go's, by loopback (ARGS=... for scripts/bench-net)
bench-net: setup-bench examples peers
	O='$(O)' scripts/bench-net $(ARGS)

## setup: install what is missing, from Debian's packages
setup: setup-check

setup-demo setup-check setup-models setup-debug setup-bench setup-bench-kmod setup-peers: setup-%:
	scripts/setup $*

## vm: run CMD="..." as root in the lab virtual machine, gvt.ko loaded
vm: all
	scripts/vm -- sh -c '$(CMD)'

## load: insmod gvt.ko on this machine (as root)
load: kmod
	insmod $(KMOD_KO)

## unload: rmmod gvt on this machine (as root)
unload:
	rmmod gvt

## install: library, header, pkg-config file, gvt and manual pages, to DESTDIR and PREFIX
install: install-libgo install-tools install-man

## uninstall: what install brought goes again; the same DESTDIR, PREFIX and LIBDIR
uninstall: uninstall-libgo uninstall-tools uninstall-man

## clean: remove what was made (packages fetched for the VM stay; `rm -r build` takes them too)
clean:
	rm -rf $(filter-out $(O)/cache,$(wildcard $(O)/*))

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | sort | expand -t 24
