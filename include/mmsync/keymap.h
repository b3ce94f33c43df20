/*
 * A map from byte strings to small numbers: which of my rows has this key. Keys are copied.
 * Nothing is removed but all at once.
 *
 * Layer: base.
 */
#ifndef MMSYNC_KEYMAP_H
#define MMSYNC_KEYMAP_H

#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

/* What find says when there is no such key. */
#define MMS_KEYMAP_NONE UINT32_MAX

/* All zero is empty. */
struct mms_keymap {
	struct mms_keymap_slot *slots; /* owned; a power of two of them */
	size_t n_slots, n;
	struct mms_keymap_block *blocks; /* owned: where the keys stand   */
};

void mms_keymap_release(struct mms_keymap *map);
/* Forget every key. */
void mms_keymap_clear(struct mms_keymap *map);

uint32_t mms_keymap_find(const struct mms_keymap *map, const char *key, size_t len);
/*
 * Set the value of a key; *before (may be NULL) is the one it had, or NONE. value is not NONE.
 * Errors: NOMEM.
 */
mms_rc mms_keymap_put(struct mms_keymap *map, const char *key, size_t len, uint32_t value,
		      uint32_t *before, struct mms_err *err) MMS_MUST_CHECK;

#endif
