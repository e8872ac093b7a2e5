// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * symbol.c - a name for a code address, static functions too.
 *
 * dladdr() knows exported names only, and a program's functions are not. So the
 * symbol table of the file that the address was loaded from is read. Only on the way
 * to a report: nothing is kept, no speed is needed.
 */
#include "rt.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct object {
	uintptr_t addr;		/* looked for */
	uintptr_t base;
	const char *path;
};

static int find_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct object *o = arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *ph = &info->dlpi_phdr[i];
		uintptr_t lo = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && o->addr >= lo && o->addr < lo + ph->p_memsz) {
			o->base = info->dlpi_addr;
			o->path = info->dlpi_name && *info->dlpi_name ? info->dlpi_name :
									"/proc/self/exe";
			return 1;
		}
	}
	return 0;
}

/* The function in @sec that @addr is in; every offset in the file is checked against @size. */
static bool search(const char *file, size_t size, const Elf64_Shdr *sec, const Elf64_Shdr *str,
		   uintptr_t addr, char *buf, size_t bufsize, uintptr_t *start)
{
	size_t n = sec->sh_size / sizeof(Elf64_Sym);

	if (sec->sh_offset > size || sec->sh_size > size - sec->sh_offset ||
	    str->sh_offset > size || str->sh_size > size - str->sh_offset)
		return false;
	for (size_t i = 0; i < n; i++) {
		Elf64_Sym sym;

		memcpy(&sym, file + sec->sh_offset + i * sizeof(sym), sizeof(sym));
		if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC || addr < sym.st_value ||
		    addr - sym.st_value >= sym.st_size || sym.st_name >= str->sh_size)
			continue;
		snprintf(buf, bufsize, "%.*s", (int)(str->sh_size - sym.st_name),
			 file + str->sh_offset + sym.st_name);
		*start = sym.st_value;
		return true;
	}
	return false;
}

static bool search_file(const char *file, size_t size, uintptr_t addr, char *buf, size_t bufsize,
			uintptr_t *start)
{
	Elf64_Ehdr eh;

	if (size < sizeof(eh))
		return false;
	memcpy(&eh, file, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_shentsize != sizeof(Elf64_Shdr) || eh.e_shoff > size ||
	    eh.e_shnum * sizeof(Elf64_Shdr) > size - eh.e_shoff)
		return false;
	for (int want = 0; want < 2; want++) {
		for (int i = 0; i < eh.e_shnum; i++) {
			Elf64_Shdr sec, str;

			memcpy(&sec, file + eh.e_shoff + i * sizeof(sec), sizeof(sec));
			if (sec.sh_type != (want ? SHT_DYNSYM : SHT_SYMTAB) ||
			    sec.sh_link >= eh.e_shnum)
				continue;
			memcpy(&str, file + eh.e_shoff + sec.sh_link * sizeof(str), sizeof(str));
			if (search(file, size, &sec, &str, addr, buf, bufsize, start))
				return true;
		}
	}
	return false;
}

/* The file that @addr was loaded from, and what was added to its addresses. False: none. */
bool symbol_object(const void *addr, uintptr_t *base, const char **path)
{
	struct object o = { .addr = (uintptr_t)addr };

	if (!dl_iterate_phdr(find_object, &o))
		return false;
	*base = o.base;
	*path = o.path;
	return true;
}

/* False: @buf holds what is known in place of the name of the function at @addr. */
static bool find(const void *addr, char *buf, size_t size, uintptr_t *offset)
{
	struct object o = { .addr = (uintptr_t)addr };
	uintptr_t start = 0;
	struct stat st;
	bool found = false;
	int fd;

	if (!dl_iterate_phdr(find_object, &o)) {
		snprintf(buf, size, "%p", addr);
		return false;
	}
	fd = open(o.path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
		char *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (file != MAP_FAILED) {
			found = search_file(file, (size_t)st.st_size, o.addr - o.base, buf, size,
					    &start);
			munmap(file, (size_t)st.st_size);
		}
	}
	if (fd >= 0)
		close(fd);
	if (!found)
		snprintf(buf, size, "%s+0x%zx", o.path, (size_t)(o.addr - o.base));
	*offset = o.addr - o.base - start;
	return found;
}

/* @buf holds the name of the function at @addr, or what is known instead. Returns @buf. */
const char *symbol_name(const void *addr, char *buf, size_t size)
{
	uintptr_t offset;

	find(addr, buf, size, &offset);
	return buf;
}

/* The same, with how far into the function @addr is. */
const char *symbol_place(const void *addr, char *buf, size_t size)
{
	uintptr_t offset;

	if (find(addr, buf, size, &offset)) {
		size_t n = strlen(buf);

		snprintf(buf + n, size - n, "+0x%zx", (size_t)offset);
	}
	return buf;
}
