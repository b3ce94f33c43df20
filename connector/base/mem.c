/*
 * The one place that calls malloc. Every way in asks the fault points first. The count of
 * failures is a writable static for the reason that fault.c has its own: a library calls from
 * inside, where no context is.
 */
#include "mmsync/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"

static atomic_ulong n_failed;

unsigned long
mms_mem_n_failed(void)
{
	return atomic_load_explicit(&n_failed, memory_order_relaxed);
}

/* What the system gave, counted when it is nothing. */
static void *
given(void *p)
{
	if (p == NULL)
		atomic_fetch_add_explicit(&n_failed, 1, memory_order_relaxed);
	return p;
}

void
mms_free(void *p)
{
	free(p);
}

void *
mms_alloc(size_t size)
{
	if (mms_fault_hit(MMS_FAULT_ALLOC))
		return given(NULL);
	return given(calloc(1, size > 0 ? size : 1));
}

void *
mms_resize(void *p, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		return NULL;
	return mms_hook_realloc(p, n * size);
}

char *
mms_text_copy_n(const char *text, size_t len)
{
	if (text == NULL || len == SIZE_MAX)
		return NULL;

	char *copy = mms_hook_malloc(len + 1);
	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
mms_text_copy(const char *text)
{
	return text == NULL ? NULL : mms_text_copy_n(text, strlen(text));
}

void *
mms_grow(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	if (*cap > SIZE_MAX / 2)
		return NULL;

	size_t want = *cap == 0 ? 8 : *cap * 2;
	void *moved = mms_resize(array, want, size);
	if (moved != NULL)
		*cap = want;
	return moved;
}

void *
mms_hook_malloc(size_t size)
{
	if (mms_fault_hit(MMS_FAULT_ALLOC))
		return given(NULL);
	return given(malloc(size > 0 ? size : 1));
}

void *
mms_hook_calloc(size_t n, size_t size)
{
	if (mms_fault_hit(MMS_FAULT_ALLOC))
		return given(NULL);
	return given(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *
mms_hook_realloc(void *p, size_t size)
{
	if (mms_fault_hit(MMS_FAULT_ALLOC))
		return given(NULL);
	return given(realloc(p, size > 0 ? size : 1));
}

char *
mms_hook_strdup(const char *text)
{
	return mms_text_copy(text);
}

void
mms_hook_free(void *p)
{
	free(p);
}
