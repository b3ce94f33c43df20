/*
 * To be preloaded: the n-th allocation made by one library fails, for libraries that have no
 * allocator hooks. FAIL_MALLOC=NAME:N names a part of the library's file and which; N allocations
 * are counted into the file FAIL_MALLOC_COUNT when the process ends. glibc only.
 */
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static struct {
	uintptr_t low, high; /* where the library's code is; 0: not loaded, or none is chosen */
	char name[64];
	unsigned long at;
	atomic_ulong n;
} chosen;

static int
look_at(struct dl_phdr_info *info, size_t size, void *aux)
{
	(void)size;
	(void)aux;
	if (strstr(info->dlpi_name, chosen.name) == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		chosen.low = info->dlpi_addr + p->p_vaddr;
		chosen.high = chosen.low + p->p_memsz;
	}
	return 1;
}

__attribute__((constructor)) static void
start(void)
{
	const char *text = getenv("FAIL_MALLOC");
	size_t len = text != NULL ? strcspn(text, ":") : 0;

	if (len == 0 || len >= sizeof chosen.name || text[len] == '\0')
		return;
	memcpy(chosen.name, text, len);
	chosen.at = strtoul(text + len + 1, NULL, 10);
	(void)dl_iterate_phdr(look_at, NULL);
}

__attribute__((destructor)) static void
end(void)
{
	const char *path = getenv("FAIL_MALLOC_COUNT");
	unsigned long n = atomic_load(&chosen.n);
	FILE *file = path != NULL ? fopen(path, "we") : NULL;

	if (file == NULL)
		return;
	fprintf(file, "%lu\n", n);
	(void)fclose(file);
}

static int
fails(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	if (at < chosen.low || at >= chosen.high)
		return 0;
	return atomic_fetch_add(&chosen.n, 1) + 1 == chosen.at;
}

void *
malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, size);
}

char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}
