/* A map of byte strings (see the header): open addressing, keys in blocks. */
#include "mmsync/keymap.h"

#include <string.h>

#include "mmsync/mem.h"

#define BLOCK_BYTES ((size_t)16 * 1024)
#define FIRST_SLOTS 64

struct mms_keymap_slot {
	const char *key; /* in a block; NULL: free */
	uint32_t len, value;
	uint64_t hash;
};

struct mms_keymap_block {
	struct mms_keymap_block *next;
	size_t used, size;
	char bytes[];
};

/* FNV-1a, its high bits mixed down: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t
hash_of(const char *key, size_t len)
{
	uint64_t h = 14695981039346656037U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 1099511628211U;
	return h ^ h >> 32;
}

void
mms_keymap_clear(struct mms_keymap *map)
{
	for (struct mms_keymap_block *b = map->blocks, *next; b != NULL; b = next) {
		next = b->next;
		mms_free(b);
	}
	map->blocks = NULL;
	map->n = 0;
	if (map->slots != NULL)
		memset(map->slots, 0, map->n_slots * sizeof *map->slots);
}

void
mms_keymap_release(struct mms_keymap *map)
{
	if (map == NULL)
		return;
	mms_keymap_clear(map);
	mms_free(map->slots);
	*map = (struct mms_keymap){ 0 };
}

/* The slot of a key, or the free one where it would go. There is always a free one. */
static struct mms_keymap_slot *
slot_of(const struct mms_keymap *map, const char *key, size_t len, uint64_t hash)
{
	size_t i = hash & (map->n_slots - 1);

	while (map->slots[i].key != NULL &&
	       (map->slots[i].hash != hash || map->slots[i].len != len ||
		(len > 0 && memcmp(map->slots[i].key, key, len) != 0)))
		i = (i + 1) & (map->n_slots - 1);
	return &map->slots[i];
}

uint32_t
mms_keymap_find(const struct mms_keymap *map, const char *key, size_t len)
{
	if (map->n == 0)
		return MMS_KEYMAP_NONE;
	const struct mms_keymap_slot *slot = slot_of(map, key, len, hash_of(key, len));
	return slot->key != NULL ? slot->value : MMS_KEYMAP_NONE;
}

/* At most half of the slots are used. */
static mms_rc
make_room(struct mms_keymap *map, struct mms_err *err)
{
	struct mms_keymap larger = *map;

	if (2 * (map->n + 1) <= map->n_slots)
		return MMS_OK;
	larger.n_slots = map->n_slots > 0 ? 2 * map->n_slots : FIRST_SLOTS;
	larger.slots = mms_alloc(larger.n_slots * sizeof *larger.slots);
	if (larger.slots == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < map->n_slots; i++) {
		const struct mms_keymap_slot *old = &map->slots[i];
		if (old->key != NULL)
			*slot_of(&larger, old->key, old->len, old->hash) = *old;
	}
	mms_free(map->slots);
	*map = larger;
	return MMS_OK;
}

static const char *
keep(struct mms_keymap *map, const char *key, size_t len)
{
	struct mms_keymap_block *b = map->blocks;

	if (b == NULL || b->size - b->used < len + 1) {
		size_t size = len + 1 > BLOCK_BYTES ? len + 1 : BLOCK_BYTES;
		b = mms_alloc(sizeof *b + size);
		if (b == NULL)
			return NULL;
		b->size = size;
		b->next = map->blocks;
		map->blocks = b;
	}
	char *copy = b->bytes + b->used;
	if (len > 0)
		memcpy(copy, key, len);
	b->used += len + 1;
	return copy;
}

mms_rc
mms_keymap_put(struct mms_keymap *map, const char *key, size_t len, uint32_t value,
	       uint32_t *before, struct mms_err *err)
{
	uint64_t hash = hash_of(key, len);

	mms_rc rc = make_room(map, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_keymap_slot *slot = slot_of(map, key, len, hash);
	if (before != NULL)
		*before = slot->key != NULL ? slot->value : MMS_KEYMAP_NONE;
	if (slot->key == NULL) {
		const char *copy = keep(map, key, len);
		if (copy == NULL)
			return mms_fail_nomem(err);
		*slot = (struct mms_keymap_slot){ copy, (uint32_t)len, value, hash };
		map->n++;
	}
	slot->value = value;
	return MMS_OK;
}
