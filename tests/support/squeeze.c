/* gzip through zlib (see the header). */
#include "support/squeeze.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window, with gzip's frame */

struct squeeze_zeros {
	z_stream z;
	long left;
	unsigned char none[65536];
};

bool
squeeze_bytes(char **bytes, size_t *len)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, 6, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	size_t room = deflateBound(&z, *len);
	char *packed = malloc(room);
	z.next_in = (Bytef *)*bytes;
	z.avail_in = (uInt)*len;
	z.next_out = (Bytef *)packed;
	z.avail_out = (uInt)room;
	bool is_done = packed != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END;
	if (is_done) {
		free(*bytes);
		*bytes = packed;
		*len = z.total_out;
	} else {
		free(packed);
	}
	(void)deflateEnd(&z);
	return is_done;
}

/* One piece of raw deflate at out, room for it there; 0: failed. */
static size_t
pack_piece(const char *text, size_t len, int flush, char *out, size_t room)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	z.next_in = (z_const Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)room;
	int rc = deflate(&z, flush);
	bool is_done = z.avail_in == 0 && z.avail_out > 0 && (rc == Z_OK || rc == Z_STREAM_END);
	size_t n = z.total_out;
	(void)deflateEnd(&z);
	return is_done ? n : 0;
}

static size_t
room_for(size_t len)
{
	return len + len / 500 + 128;
}

bool
squeeze_part_make(const char *text, size_t len, struct squeeze_part *out)
{
	*out = (struct squeeze_part){ .bytes = malloc(room_for(len)), .plain = len };
	out->crc = (uint32_t)crc32(0, (const Bytef *)text, (uInt)len);
	if (out->bytes != NULL)
		out->len = pack_piece(text, len, Z_FULL_FLUSH, out->bytes, room_for(len));
	if (out->len == 0)
		squeeze_part_release(out);
	return out->len > 0;
}

void
squeeze_part_release(struct squeeze_part *part)
{
	free(part->bytes);
	*part = (struct squeeze_part){ 0 };
}

static void
put_le32(char *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (char)(value >> (8 * i) & 0xff);
}

bool
squeeze_join(const char *head, size_t head_len, const struct squeeze_part *part,
	     const char *tail, size_t tail_len, char **bytes, size_t *len)
{
	static const char frame[10] = { '\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, 3 };
	size_t room = sizeof frame + room_for(head_len) + part->len + room_for(tail_len) + 8;
	char *out = malloc(room);
	size_t n = sizeof frame;
	uLong crc = crc32(0, (const Bytef *)head, (uInt)head_len);

	if (out == NULL)
		return false;
	memcpy(out, frame, sizeof frame);
	size_t piece = pack_piece(head, head_len, Z_FULL_FLUSH, out + n, room_for(head_len));
	n += piece;
	memcpy(out + n, part->bytes, part->len);
	n += part->len;
	size_t last = pack_piece(tail, tail_len, Z_FINISH, out + n, room_for(tail_len));
	n += last;
	if (piece == 0 || last == 0) {
		free(out);
		return false;
	}
	crc = crc32_combine(crc, part->crc, (z_off_t)part->plain);
	crc = crc32_combine(crc, crc32(0, (const Bytef *)tail, (uInt)tail_len),
			    (z_off_t)tail_len);
	put_le32(out + n, (uint32_t)crc);
	put_le32(out + n + 4, (uint32_t)(head_len + part->plain + tail_len));
	*bytes = out;
	*len = n + 8;
	return true;
}

struct squeeze_zeros *
squeeze_zeros_new(long bytes)
{
	struct squeeze_zeros *zeros = calloc(1, sizeof *zeros);

	if (zeros == NULL)
		return NULL;
	zeros->left = bytes;
	if (deflateInit2(&zeros->z, 9, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK)
		return zeros;
	free(zeros);
	return NULL;
}

ssize_t
squeeze_zeros_read(struct squeeze_zeros *zeros, char *buf, size_t max)
{
	zeros->z.next_out = (Bytef *)buf;
	zeros->z.avail_out = (uInt)max;
	while (zeros->z.avail_out == max) {
		if (zeros->z.avail_in == 0 && zeros->left > 0) {
			zeros->z.next_in = zeros->none;
			zeros->z.avail_in = sizeof zeros->none;
			zeros->left -= (long)sizeof zeros->none;
		}
		bool is_last = zeros->z.avail_in == 0;
		if (deflate(&zeros->z, is_last ? Z_FINISH : Z_NO_FLUSH) != Z_OK && is_last)
			break;
	}
	return (ssize_t)(max - zeros->z.avail_out);
}

void
squeeze_zeros_free(struct squeeze_zeros *zeros)
{
	if (zeros == NULL)
		return;
	(void)deflateEnd(&zeros->z);
	free(zeros);
}
