# SPDX-License-Identifier: GPL-2.0-only
# samples: what a reader starts from has to build and work. $(O)/samples/$(KVER)/
#
# A sample's folder has its own Makefile, for whoever copied it; here it is built as
# kmod.mk builds gvt.ko, in a folder of links.

SAMPLES_DIR := $(abspath $(O))/samples/$(KVER)
SAMPLES_KO := $(O)/samples/$(KVER)/gvt_skeleton.ko
SAMPLES_SRC := $(addprefix Documentation/samples/gvt-skeleton/,Kbuild gvt_skeleton.c)

.PHONY: samples
## samples: the modules of Documentation/samples (KVER=...)
ifeq ($(KMOD_HEADERS),)
samples: kmod
else
samples: $(SAMPLES_KO)

$(SAMPLES_KO): $(SAMPLES_SRC) $(KMOD_FOUND)
	@mkdir -p $(SAMPLES_DIR)
	@ln -sf $(abspath $(SAMPLES_SRC)) $(SAMPLES_DIR)/
	+env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL \
		$(KMOD_RUN) -C $(KMOD_HEADERS) M=$(SAMPLES_DIR) $(if $(W),W=$(W)) $(if $(C),C=$(C)) \
		modules
	@touch $@
endif
