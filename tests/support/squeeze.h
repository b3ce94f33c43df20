/* gzip for the fakes: a whole text, and a bomb that is made while it is sent. */
#ifndef SUPPORT_SQUEEZE_H
#define SUPPORT_SQUEEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Replace *bytes (malloc) by their gzip form. */
bool squeeze_bytes(char **bytes, size_t *len);

/* The middle of a text, packed beforehand: what is large is packed once. */
struct squeeze_part {
	char *bytes; /* owned */
	size_t len, plain;
	uint32_t crc;
};
bool squeeze_part_make(const char *text, size_t len, struct squeeze_part *out);
void squeeze_part_release(struct squeeze_part *part);
/* head, part and tail as one gzip member. Owns: *bytes (malloc). */
bool squeeze_join(const char *head, size_t head_len, const struct squeeze_part *part,
		  const char *tail, size_t tail_len, char **bytes, size_t *len);

/* So many bytes of zeros as gzip, piece by piece. Owns: squeeze_zeros_free(). */
struct squeeze_zeros;
struct squeeze_zeros *squeeze_zeros_new(long bytes);
/* The next piece; 0 when it is over. */
ssize_t squeeze_zeros_read(struct squeeze_zeros *zeros, char *buf, size_t max);
void squeeze_zeros_free(struct squeeze_zeros *zeros);

#endif
