/*
 * Lists to and from statements. As a parameter a list is a JSON array, which JSON_TABLE makes rows of
 * (mmsync/stmt_blocks.h). Private to store/.
 */
#ifndef STORE_LISTS_H
#define STORE_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/str.h"

/* Before member i: a comma but for the first. */
void mms_list_next(struct mms_str *out, size_t i);
/* "00ff...", with its quotes. */
void mms_list_add_hex(struct mms_str *out, const unsigned char bytes[16]);
/* [1,2] */
void mms_list_add_ids(struct mms_str *out, const uint64_t *ids, size_t n);
/* ["00ff...","..."] */
void mms_list_add_bytes(struct mms_str *out, const unsigned char (*bytes)[16], size_t n);
/* The text as a parameter. Borrows: until the text is changed. */
struct mms_value mms_list_value(const struct mms_str *list);

/* A column of 16 bytes; false, and left as it is, where it is NULL or has another length. */
bool mms_list_read_bytes(const struct mms_value *v, unsigned char to[16]);
/* All of a statement's first column. Owns: *ids, mms_free(). */
mms_rc mms_list_load_ids(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
			 uint64_t **ids, size_t *n, struct mms_err *err) MMS_MUST_CHECK;

#endif
