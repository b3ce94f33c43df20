/* gzip through zlib (see the header). */
#include "support/squeeze.h"

#include <stdlib.h>

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
