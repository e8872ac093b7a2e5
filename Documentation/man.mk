# SPDX-License-Identifier: GPL-2.0-only
# man: manual pages, made from the comments of libgo.h and from what `gvt help` says.

MANDIR	?= $(PREFIX)/share/man
MAN_FROM := libgo/include/libgo.h Documentation/libgo.rst tools/help.c libgo/examples/workers.c \
	$(wildcard tools/experiments/*.c)

.PHONY: man install-man uninstall-man
## man: the manual pages, in $(O)/man (`man -M $(O)/man libgo`)
man: $(O)/man/made

# Made anew as a whole: a page whose call has gone must go, too.
$(O)/man/made: scripts/man-pages $(MAN_FROM) Makefile
	@mkdir -p $(O)
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)scripts/man-pages $(@D) $(VERSION)
	@touch $@

install-man: man
	for s in 1 3 7; do install -d $(DESTDIR)$(MANDIR)/man$$s && \
		install -m 644 $(O)/man/man$$s/* $(DESTDIR)$(MANDIR)/man$$s/ || exit; done

uninstall-man: man
	cd $(O)/man && for page in man[137]/*; do rm -f "$(DESTDIR)$(MANDIR)/$$page"; done
