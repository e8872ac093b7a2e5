# SPDX-License-Identifier: GPL-2.0-only
# kmod: gvt.ko for the kernel KVER. $(O)/kmod/$(KVER)/gvt.ko
#
# The kernel's build writes where its sources are, so it gets a folder of links to
# ours. It must see none of our variables: O and CC mean something else to it.

# The running kernel, if its headers are here; else the newest of Debian 12's.
kmod-headers = $(firstword $(wildcard /lib/modules/$(1)/build/Makefile \
	/usr/src/linux-headers-$(1)/Makefile))
# Headers that scripts/kbuild fetched lie in a tree of their own, where the build then runs.
kmod-fetched = $(wildcard $(abspath $(or $(GVT_CACHE),build/cache))/headers/$(1)/.complete)
KMOD_RUNNING := $(shell uname -r)
KMOD_NEWEST := $(shell ls -d /usr/src/linux-headers-6.1*-amd64 2>/dev/null | \
	sed 's|.*/linux-headers-||' | sort -V | tail -n 1)
ifndef KVER
KVER := $(if $(call kmod-headers,$(KMOD_RUNNING)),$(KMOD_RUNNING),$(KMOD_NEWEST))
endif
KMOD_FOUND := $(if $(KVER),$(or $(call kmod-headers,$(KVER)),$(call kmod-fetched,$(KVER))))
ifeq ($(notdir $(KMOD_FOUND)),.complete)
KMOD_HEADERS := /usr/src/linux-headers-$(KVER)
KMOD_RUN := O='$(O)' scripts/kbuild run $(KVER) make
else
KMOD_HEADERS := $(patsubst %/Makefile,%,$(KMOD_FOUND))
KMOD_RUN = $(MAKE)
endif

KMOD_DIR := $(abspath $(O))/kmod/$(KVER)
KMOD_KO := $(O)/kmod/$(KVER)/gvt.ko
KMOD_SRC := kmod/Kbuild $(sort $(wildcard kmod/*.c kmod/*.h))
KMOD_MAKE = env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL \
	$(KMOD_RUN) -C $(KMOD_HEADERS) M=$(KMOD_DIR) $(if $(W),W=$(W)) $(if $(C),C=$(C))

.PHONY: kmod no-kmod
no-kmod:
	@echo '  note: no kernel headers here, so no gvt.ko (make kmod says what to install)'

## kmod: gvt.ko for this kernel or, without its headers, for Debian 12's (KVER=...)
KMOD_NAMED := $(filter command line environment,$(origin KVER))
KMOD_OR_FETCH := ; or only fetch them: scripts/kbuild fetch -s SUITE $(KVER)
ifeq ($(KMOD_HEADERS),)
kmod:
	@echo "gvt: kmod: no headers for kernel $(or $(KVER),$(KMOD_RUNNING)) found;" \
		"install them: apt-get install" \
		"$(if $(KMOD_NAMED),linux-headers-$(KVER)$(KMOD_OR_FETCH),linux-headers-amd64)" >&2
	@false
else
kmod: $(KMOD_KO)

$(KMOD_KO): $(KMOD_SRC) include/uapi/linux/gvt.h $(KMOD_FOUND) kmod/kmod.mk
	@mkdir -p $(KMOD_DIR)
	@ln -sfn $(abspath include) $(KMOD_DIR)/../include
	@find $(KMOD_DIR) -maxdepth 1 -type l -delete
	@ln -s $(abspath $(KMOD_SRC)) $(KMOD_DIR)/
	+$(KMOD_MAKE) modules
	@touch $@
endif
