/*
 * In place of libFuzzer: replays the corpus of a target, fixtures/fuzz/NAME/ of the repository
 * or the files named as arguments, and some hundred mutations of each file, always the same.
 * Prints one TAP line; a crash or a sanitizer ends it without.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20, MUTATIONS = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A copy of exactly this size, so that a read past its end is seen. */
static void
run_copy(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		exit(1);
	memcpy(copy, bytes, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void
mutate(const uint8_t *bytes, size_t n)
{
	static const char marks[] = "\"\\{}[]:,;=\r\n\t 0-.\0\xff\xc3";
	uint8_t *copy = malloc(n > 0 ? n : 1);
	uint32_t random = 2463534242U ^ (uint32_t)n;

	if (copy == NULL)
		exit(1);
	for (int i = 0; n > 0 && i < MUTATIONS; i++) {
		size_t at = next_random(&random) % n;
		uint8_t byte = (uint8_t)next_random(&random);

		memcpy(copy, bytes, n);
		if (i % 4 == 0) {
			run_copy(copy, at); /* cut off */
			continue;
		}
		if (i % 4 == 1)
			copy[at] = (uint8_t)marks[byte % (sizeof marks - 1)];
		else if (i % 4 == 2)
			copy[at] = byte;
		else
			copy[at] = (uint8_t)(copy[at] ^ 1U << byte % 8);
		run_copy(copy, n);
	}
	free(copy);
}

static int
replay(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file = fopen(path, "rbe");

	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 0;
	}
	size_t n = fread(bytes, 1, sizeof bytes, file);
	(void)fclose(file);
	run_copy(bytes, n);
	mutate(bytes, n);
	return 1;
}

/* fixtures/fuzz/NAME of the repository that this program was built in. */
static int
replay_corpus(char folder[PATH_MAX + 300])
{
	char self[PATH_MAX] = "";
	int n = 0;

	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 0;
	char *build = strstr(self, "/build/"), *name = strrchr(self, '/');
	if (build == NULL || name == NULL)
		return 0;
	(void)snprintf(folder, PATH_MAX + 300, "%.*s/fixtures/fuzz/%s", (int)(build - self),
		       self, name + 1);
	DIR *dir = opendir(folder);
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		char path[PATH_MAX + 600];

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		n += replay(path);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	char folder[PATH_MAX + 300] = "the arguments";
	int n = 0;

	for (int i = 1; i < argc; i++)
		n += replay(argv[i]);
	if (argc == 1)
		n = replay_corpus(folder);
	printf("1..1\n%sok 1 - replayed %d inputs and their mutations\n", n > 0 ? "" : "not ",
	       n);
	if (n == 0)
		fprintf(stderr, "no input in %s\n", folder);
	return n > 0 ? 0 : 1;
}
