/*
 * Memory: the one allocator of the program. Out of memory is an ordinary error (NULL), and
 * the allocator counts its calls so that tests can fail the n-th (mmsync/fault.h).
 *
 * Layer: base.
 */
#ifndef MMSYNC_MEM_H
#define MMSYNC_MEM_H

#include <stddef.h>

/* Give back memory of this module; NULL is fine. */
void mms_free(void *p);

/* gcc's -fanalyzer follows our allocator because it is told who frees. */
#if defined __GNUC__ && !defined __clang__
#define MMS_OWNED(n) \
	__attribute__((malloc, malloc(mms_free, 1), alloc_size(n), warn_unused_result))
#define MMS_OWNED_TEXT __attribute__((malloc, malloc(mms_free, 1), warn_unused_result))
#else
#define MMS_OWNED(n)   __attribute__((malloc, alloc_size(n), warn_unused_result))
#define MMS_OWNED_TEXT __attribute__((malloc, warn_unused_result))
#endif

/* Zeroed bytes, or NULL. size 0 gives a valid pointer. Owns: the result, mms_free(). */
void *mms_alloc(size_t size) MMS_OWNED(1);

/*
 * An array of n elements of `size` bytes, moved from p (NULL for the first). Returns NULL and
 * leaves p alone when memory is short or n * size overflows. New bytes are not zeroed.
 */
void *mms_resize(void *p, size_t n, size_t size) __attribute__((warn_unused_result));

/* Copies, NUL-terminated. NULL in gives NULL out. Owns: the result, mms_free(). */
char *mms_text_copy(const char *text) MMS_OWNED_TEXT;
char *mms_text_copy_n(const char *text, size_t len) MMS_OWNED_TEXT;

/*
 * Make room for one more element of a growing array: *cap is doubled (from 8) when n == *cap.
 * Returns the array (maybe moved), or NULL with the old array untouched.
 */
void *
mms_grow(void *array, size_t n, size_t *cap, size_t size) __attribute__((warn_unused_result));

/*
 * Allocations that failed so far, in all threads, hooks included. A library may tell out of
 * memory as another error (libcurl: "host not found", "damaged"): when this number moved during
 * a call that failed, memory was the reason, or is short anyway.
 */
unsigned long mms_mem_n_failed(void);

/* The same functions in the form that libraries take as hooks (curl, jansson, PCRE2, yajl). */
void *mms_hook_malloc(size_t size);
void *mms_hook_calloc(size_t n, size_t size);
void *mms_hook_realloc(void *p, size_t size);
char *mms_hook_strdup(const char *text);
void mms_hook_free(void *p);

#endif
