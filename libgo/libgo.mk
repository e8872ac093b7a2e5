# SPDX-License-Identifier: LGPL-2.1-or-later
# libgo: the M:N runtime. $(O)/libgvtgo.so, $(O)/libgvtgo.a, $(O)/libgo.pc

ARCH	?= $(shell $(CC) -dumpmachine | cut -d- -f1)
LIBGO_SONAME := libgvtgo.so.0
LIBGO_SRC := $(sort $(wildcard libgo/src/*.c))
LIBGO_ASM := libgo/arch/$(ARCH)/switch.S
LIBGO_OBJ := $(LIBGO_SRC:%.c=$(O)/obj/%.o) $(LIBGO_ASM:%.S=$(O)/obj/%.o)
ifndef URCU_LIBS
URCU_CFLAGS := $(shell $(PKG_CONFIG) --cflags liburcu-qsbr 2>/dev/null)
URCU_LIBS := $(shell $(PKG_CONFIG) --libs liburcu-qsbr 2>/dev/null)
endif
LIBGO_CFLAGS = $(BASEFLAGS) -fPIC -fvisibility=hidden -fno-strict-aliasing -D_GNU_SOURCE -DGVT_VERSION='"$(VERSION)"' \
	-I libgo/include -I libgo/src -I libgo/arch/$(ARCH) $(URCU_CFLAGS) $(LIBGO_ARCH_CFLAGS)
# The switch pushes where the compiler doesn't see it: arch/x86_64/arch.h.
LIBGO_ARCH_CFLAGS = $(if $(filter x86_64,$(ARCH)),-mno-red-zone)

# gdb looks below its auto-load folders for the library's own path.
GDB_AUTO_LOAD = $(PREFIX)/share/gdb/auto-load$(LIBDIR)

.PHONY: libgo install-libgo uninstall-libgo
libgo: $(O)/libgvtgo.so $(O)/libgvtgo.a $(O)/libgo.pc

ifeq ($(strip $(URCU_LIBS)),)
.PHONY: no-urcu
no-urcu:
	$(call lacking,liburcu-qsbr,liburcu-dev)
$(LIBGO_OBJ): | no-urcu
endif

$(O)/obj/libgo/%.o: libgo/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LIBGO_CFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/obj/libgo/%.o: libgo/%.S
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(LIBGO_CFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/$(LIBGO_SONAME): $(LIBGO_OBJ) libgo/libgvtgo.map
	$(call say,LD,$@)
	$(Q)$(CC) $(SANFLAGS) $(OPT) -shared -pthread -Wl,-soname,$(LIBGO_SONAME) \
		-Wl,--version-script=libgo/libgvtgo.map -Wl,-z,relro,-z,now,-z,nodelete \
		$(if $(SAN),,-Wl,-z,defs) -o $@ $(LIBGO_OBJ) $(LDFLAGS) $(URCU_LIBS)
	@grep -q stapsdt $@ || echo '  note: no <sys/sdt.h>, so libgo has no probes (Debian: systemtap-sdt-dev)'

$(O)/libgvtgo.so: $(O)/$(LIBGO_SONAME)
	$(Q)ln -sf $(LIBGO_SONAME) $@

$(O)/libgvtgo.a: $(LIBGO_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(LIBGO_OBJ)

$(O)/libgo.pc: libgo/libgo.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' $< >$@

# Each shows one thing, in one file; they are installed as documentation.
EXAMPLES := $(patsubst libgo/examples/%.c,$(O)/examples/%,$(sort $(wildcard libgo/examples/*.c)))
DOCDIR	?= $(PREFIX)/share/doc/libgo

.PHONY: examples
## examples: the programs of libgo/examples, in $(O)/examples
examples: $(EXAMPLES)

$(O)/examples/%: libgo/examples/%.c libgo/examples/example.h libgo/include/libgo.h $(O)/libgvtgo.so
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 $(OPT) $(WARN) $(SANFLAGS) -pthread -I libgo/include $(CFLAGS) -o $@ $< \
		$(LDFLAGS) -L$(O) -Wl,-rpath,'$$ORIGIN/..' -lgvtgo

install-libgo: libgo
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 755 $(O)/$(LIBGO_SONAME) $(DESTDIR)$(LIBDIR)/
	ln -sf $(LIBGO_SONAME) $(DESTDIR)$(LIBDIR)/libgvtgo.so
	install -m 644 $(O)/libgvtgo.a $(DESTDIR)$(LIBDIR)/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		libgo/libgo.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/libgo.pc
	install -m 644 libgo/include/libgo.h libgo/include/libgo_cxx.h $(DESTDIR)$(PREFIX)/include/
	install -d $(DESTDIR)$(DOCDIR)/examples
	install -m 644 libgo/examples/*.[ch] $(DESTDIR)$(DOCDIR)/examples/
	install -m 644 Documentation/libgo.rst $(DESTDIR)$(DOCDIR)/
	install -d $(DESTDIR)$(GDB_AUTO_LOAD)
	install -m 644 libgo/gdb/libgvtgo-gdb.py \
		$(DESTDIR)$(GDB_AUTO_LOAD)/$(LIBGO_SONAME)-gdb.py

uninstall-libgo:
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,$(LIBGO_SONAME) libgvtgo.so libgvtgo.a pkgconfig/libgo.pc) \
		$(DESTDIR)$(PREFIX)/include/libgo.h $(DESTDIR)$(PREFIX)/include/libgo_cxx.h \
		$(DESTDIR)$(GDB_AUTO_LOAD)/$(LIBGO_SONAME)-gdb.py
	rm -f $(patsubst libgo/%,$(DESTDIR)$(DOCDIR)/%,$(wildcard libgo/examples/*.[ch])) \
		$(DESTDIR)$(DOCDIR)/libgo.rst

-include $(LIBGO_OBJ:.o=.d)

# Without TSan: rcu.c, since it can't see liburcu's atomics (see its head), and symbol.c,
# which only reads symbol tables, and takes seconds for it under TSan.
$(O)/obj/libgo/src/rcu.o $(O)/obj/libgo/src/symbol.o: SANFLAGS := $(SANFLAGS) \
	$(if $(findstring thread,$(SAN)),-fno-sanitize=thread -DSAN_THREAD=1)
