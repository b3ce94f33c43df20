/*
 * The nearest known word to a mistyped one, for hints.
 *
 * Layer: base.
 */
#ifndef MMSYNC_NEAR_H
#define MMSYNC_NEAR_H

#include <stddef.h>

/* Edits (insert, remove, replace, swap neighbours) between two texts, case ignored; capped at 99. */
size_t mms_near_distance(const char *a, const char *b);

/* Is the distance small enough to suggest b for a? */
int mms_near_enough(const char *a, const char *b);

/* The nearest of n words, NULL when none is near enough. Borrows: the words. */
const char *mms_near_find(const char *word, const char *const *words, size_t n);

#endif
