/* Nearest words (optimal string alignment distance). */
#include "mmsync/near.h"

#include <string.h>

/* Words longer than this are never near anything. */
#define WORD_MAX 64

static char
lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

size_t
mms_near_distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return 99;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t differs = lower(a[i - 1]) != lower(b[j - 1]);

			now[j] = min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + differs);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && up2[j - 2] + 1 < now[j])
				now[j] = up2[j - 2] + 1;
		}
	}
	return row[n % 3][m] < 99 ? row[n % 3][m] : 99;
}

int
mms_near_enough(const char *a, const char *b)
{
	size_t n = strlen(a);

	return mms_near_distance(a, b) <= (n < 4 ? 1 : n < 8 ? 2 : n / 3);
}

const char *
mms_near_find(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t best_distance = 99;

	for (size_t i = 0; i < n; i++) {
		size_t d = mms_near_distance(word, words[i]);
		if (d < best_distance && mms_near_enough(word, words[i])) {
			best = words[i];
			best_distance = d;
		}
	}
	return best;
}
