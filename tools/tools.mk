# SPDX-License-Identifier: GPL-2.0-only
# tools: the command gvt. $(O)/gvt runs from the build tree, installed it finds the library
# in $(LIBDIR).

TOOLS_SRC := $(sort $(wildcard tools/*.c tools/experiments/*.c tools/bench/*.c))
TOOLS_OBJ := $(TOOLS_SRC:%.c=$(O)/obj/%.o)
TOOLS_PKGS := smartcols json-c ncursesw
ifndef TOOLS_PKG_LIBS
TOOLS_PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(TOOLS_PKGS) 2>/dev/null)
TOOLS_PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(TOOLS_PKGS) 2>/dev/null)
endif
TOOLS_CFLAGS = $(BASEFLAGS) -D_GNU_SOURCE -DGVT_VERSION='"$(VERSION)"' -I tools -I libgo/include \
	$(TOOLS_PKG_CFLAGS)
TOOLS_LINK = $(CC) $(SANFLAGS) $(OPT) -pthread -Wl,-z,relro,-z,now $(TOOLS_OBJ) $(LDFLAGS) \
	-L$(O) -lgvtgo $(TOOLS_PKG_LIBS) -lm

# Where an installed gvt looks for the library: nowhere special when it lies where the
# dynamic linker looks anyway, beside bin/ when it lies there (so that DESTDIR and a moved
# tree work too), else at its absolute place.
TOOLS_RPATH ?= $(if $(filter /usr/lib /usr/lib/% /lib /lib/%,$(LIBDIR)),,$(if \
	$(filter $(PREFIX)/lib,$(LIBDIR)),$$ORIGIN/../lib,$(LIBDIR)))

# Programs in other languages that do what an experiment does.
PEER_FILES := $(sort $(patsubst tools/peers/%,%,$(wildcard tools/peers/go/*.go \
	tools/peers/python/*.py tools/peers/node/*.js tools/peers/java/*.java)))

.PHONY: tools install-tools uninstall-tools
## tools: the command gvt, in $(O)/gvt
tools: $(O)/gvt $(PEER_FILES:%=$(O)/peers/%)

ifeq ($(strip $(TOOLS_PKG_LIBS)),)
.PHONY: no-tools-pkgs
no-tools-pkgs:
	$(call lacking,one of $(TOOLS_PKGS),libsmartcols-dev libjson-c-dev libncurses-dev)
$(TOOLS_OBJ): | no-tools-pkgs
endif

$(O)/obj/tools/%.o: tools/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TOOLS_CFLAGS) $(CFLAGS) -c -o $@ $<

$(PEER_FILES:%=$(O)/peers/%): $(O)/peers/%: tools/peers/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(O)/gvt: $(TOOLS_OBJ) $(O)/libgvtgo.so
	$(call say,LD,$@)
	$(Q)$(TOOLS_LINK) -Wl,-rpath,'$$ORIGIN' -o $@

# Linked anew each time: PREFIX and LIBDIR may be others than the last time.
.PHONY: $(O)/install/gvt
$(O)/install/gvt: $(TOOLS_OBJ) $(O)/libgvtgo.so
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(TOOLS_LINK) $(if $(TOOLS_RPATH),-Wl$(comma)-rpath$(comma)'$(TOOLS_RPATH)') -o $@

## install-tools: gvt, to DESTDIR and PREFIX/bin, and the schemas of its results
install-tools: $(O)/install/gvt
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(O)/install/gvt $(DESTDIR)$(PREFIX)/bin/gvt
	install -d $(DESTDIR)$(PREFIX)/share/gvt
	install -m 644 tools/schema/result.json $(DESTDIR)$(PREFIX)/share/gvt/result.schema.json
	install -m 644 tools/schema/stat.json $(DESTDIR)$(PREFIX)/share/gvt/stat.schema.json
	set -e; for file in $(PEER_FILES); do \
		install -D -m 644 tools/peers/$$file $(DESTDIR)$(PREFIX)/share/gvt/peers/$$file; done

	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 tools/completion/gvt.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/gvt
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 tools/completion/_gvt $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gvt

uninstall-tools:
	rm -f $(DESTDIR)$(PREFIX)/bin/gvt
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/gvt
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gvt
	rm -rf $(DESTDIR)$(PREFIX)/share/gvt

# Go's side of `gvt bench`, where there is a Go: whichever is in PATH, and never another
# toolchain or module from the net. What it compiles of its own library is kept.
GO ?= $(shell command -v go)
GO_SRC := $(sort $(wildcard tools/peers/go-bench/*.go))
GO_CACHE = $(abspath $(or $(GVT_CACHE),build/cache))/go
GO_BUILD = env GOENV=off GOFLAGS= GOWORK=off GO111MODULE=off GOTOOLCHAIN=local GOPROXY=off \
	GOTELEMETRY=off CGO_ENABLED=0 GOPATH='$(GO_CACHE)' GOCACHE='$(GO_CACHE)/build' '$(GO)' build

.PHONY: peers
peers: $(if $(GO),$(O)/peers/bench-go $(O)/peers/net-go)

$(O)/peers/bench-go: $(GO_SRC)
	@mkdir -p $(@D) $(GO_CACHE)
	$(call say,GO,$@)
	$(Q)$(GO_BUILD) -o $(abspath $@) $(GO_SRC)

$(O)/peers/net-go: tools/peers/go-net/main.go
	@mkdir -p $(@D) $(GO_CACHE)
	$(call say,GO,$@)
	$(Q)$(GO_BUILD) -o $(abspath $@) $<

comma := ,
-include $(TOOLS_OBJ:.o=.d)
