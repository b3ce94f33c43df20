/* What torture has covered (see the header). */
#include "support/coverage.h"

#include <fcntl.h>
#include <glob.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mmsync/digest.h"
#include "mmsync/fault.h"
#include "mmsync/str.h"

#define HEAD "mmsync torture "

struct cell {
	atomic_long points, played, failed;
};
struct row {
	char name[160], service[16];
	struct cell cells[COVERAGE_KINDS];
};
struct coverage {
	size_t n;
	struct row rows[];
};

/* ---- the table --------------------------------------------------------------------------------------- */

static size_t
size_of(size_t n)
{
	return sizeof(struct coverage) + n * sizeof(struct row);
}

struct coverage *
coverage_new(const struct stories *stories)
{
	struct coverage *c = mmap(NULL, size_of(stories->n), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		abort();
	c->n = stories->n;
	for (size_t i = 0; i < c->n; i++) {
		const char *service = stories->at[i].service;

		(void)snprintf(c->rows[i].name, sizeof c->rows[i].name, "%s",
			       stories->at[i].name);
		(void)snprintf(c->rows[i].service, sizeof c->rows[i].service, "%s",
			       service != NULL ? service : "feeds");
	}
	return c;
}

void
coverage_free(struct coverage *c)
{
	if (c != NULL)
		(void)munmap(c, size_of(c->n));
}

void
coverage_add_points(struct coverage *c, size_t row, int kind, long n)
{
	atomic_fetch_add(&c->rows[row].cells[kind].points, n);
}

void
coverage_add_play(struct coverage *c, size_t row, int kind, bool is_survived)
{
	atomic_fetch_add(&c->rows[row].cells[kind].played, 1);
	if (!is_survived)
		atomic_fetch_add(&c->rows[row].cells[kind].failed, 1);
}

long
coverage_points(const struct coverage *c, int kind)
{
	long n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += atomic_load(&c->rows[i].cells[kind].points);
	return n;
}

static bool
is_told(int kind)
{
	return kind != MMS_FAULT_PAUSE;
}

static void
tell_row(const char *name, const struct cell cells[COVERAGE_KINDS], FILE *out)
{
	long failed = 0;

	(void)fprintf(out, "# %-34.34s", name);
	for (int k = 0; k < COVERAGE_KINDS; k++) {
		char text[48];
		long points = atomic_load(&cells[k].points),
		     played = atomic_load(&cells[k].played);

		failed += atomic_load(&cells[k].failed);
		if (k == COVERAGE_PAIRS)
			(void)snprintf(text, sizeof text, "%ld", played);
		else
			(void)snprintf(text, sizeof text, "%ld/%ld", played, points);
		if (is_told(k))
			(void)fprintf(out, " %14s", text);
	}
	if (failed > 0)
		(void)fprintf(out, "  %ld NOT SURVIVED", failed);
	(void)fputc('\n', out);
}

static void
add_cells(struct cell sum[COVERAGE_KINDS], const struct cell cells[COVERAGE_KINDS])
{
	for (int k = 0; k < COVERAGE_KINDS; k++) {
		atomic_fetch_add(&sum[k].points, atomic_load(&cells[k].points));
		atomic_fetch_add(&sum[k].played, atomic_load(&cells[k].played));
		atomic_fetch_add(&sum[k].failed, atomic_load(&cells[k].failed));
	}
}

static bool
has_points(const struct row *row)
{
	bool has = false;

	for (int k = 0; k < COVERAGE_KINDS; k++)
		has = has || atomic_load(&row->cells[k].points) > 0;
	return has;
}

void
coverage_tell(const struct coverage *c, FILE *out)
{
	static const char *const services[] = { "feeds", "google", "outlook" };

	(void)fprintf(out, "# %-34s", "played of points");
	for (int k = 0; k < COVERAGE_KINDS; k++) {
		if (is_told(k))
			(void)fprintf(out, " %14s",
				      k == COVERAGE_PAIRS
					      ? "two faults"
					      : mms_fault_name((enum mms_fault_kind)k));
	}
	(void)fputc('\n', out);
	for (size_t i = 0; i < c->n; i++) {
		if (has_points(&c->rows[i]))
			tell_row(c->rows[i].name, c->rows[i].cells, out);
	}
	for (size_t s = 0; s < MMS_COUNT(services); s++) {
		struct cell sum[COVERAGE_KINDS] = { 0 };
		char name[48];

		for (size_t i = 0; i < c->n; i++) {
			if (strcmp(c->rows[i].service, services[s]) == 0)
				add_cells(sum, c->rows[i].cells);
		}
		(void)snprintf(name, sizeof name, "all of %s", services[s]);
		tell_row(name, sum, out);
	}
}

/* ---- plays that were survived -------------------------------------------------------------------------- */

struct ledger {
	int fd;
	char *text; /* owned: the file as it was */
	char **at;  /* owned: its lines, in order */
	size_t n;
};

static char *
read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0;

	*len = 0;
	if (file == NULL)
		return NULL;
	for (;;) {
		if (cap - *len < 65536)
			text = realloc(text, cap = cap * 2 + 131072);
		if (text == NULL)
			abort();
		size_t n = fread(text + *len, 1, cap - *len - 1, file);
		*len += n;
		if (n == 0)
			break;
	}
	text[*len] = '\0';
	(void)fclose(file);
	return text;
}

static void
add_digest(struct mms_str *out, const char *path)
{
	unsigned char hash[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];
	MMS_AUTO(mms_err) err = { 0 };
	size_t len;
	char *text = read_file(path, &len);

	if (text == NULL || mms_sha256(text, len, hash, &err) != MMS_OK)
		abort();
	mms_str_add(out, mms_hex_print(hash, sizeof hash, hex));
	free(text);
}

/* What the plays are of: the program and the stories. */
static void
make_head(const char *program, char out[160])
{
	MMS_AUTO(mms_str) all = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	unsigned char hash[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];
	glob_t files = { 0 };

	add_digest(&all, program);
	if (glob("fixtures/scenarios/*.scn", 0, NULL, &files) != 0)
		abort();
	for (size_t i = 0; i < files.gl_pathc; i++)
		add_digest(&all, files.gl_pathv[i]);
	globfree(&files);
	if (mms_sha256(mms_str_get(&all), all.len, hash, &err) != MMS_OK)
		abort();
	(void)snprintf(out, 160, HEAD "%s\n", mms_hex_print(hash, sizeof hash, hex));
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
sort_lines(struct ledger *l, size_t len)
{
	char *save = NULL;

	l->at = calloc(len / 8 + 2, sizeof *l->at);
	if (l->at == NULL)
		abort();
	for (char *line = strtok_r(l->text, "\n", &save); line != NULL && l->n < len / 8 + 1;
	     line = strtok_r(NULL, "\n", &save))
		l->at[l->n++] = line;
	qsort(l->at, l->n, sizeof *l->at, compare);
}

static void
put(struct ledger *l, const char *line)
{
	size_t len = strlen(line);

	if (write(l->fd, line, len) != (ssize_t)len)
		perror("the file of plays");
}

struct ledger *
ledger_open(const char *path, bool is_resumed, const char *program)
{
	struct ledger *l = calloc(1, sizeof *l);
	char head[160];
	size_t len;

	if (l == NULL)
		abort();
	l->fd = -1;
	if (path == NULL)
		return l;
	make_head(program, head);
	l->text = read_file(path, &len);
	bool is_same = l->text != NULL && strncmp(l->text, head, strlen(head)) == 0;
	if (is_resumed && is_same)
		sort_lines(l, len);
	else
		(void)unlink(path);
	l->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (l->fd < 0)
		perror(path);
	else if (l->n == 0)
		put(l, head);
	return l;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	if (l->fd >= 0)
		(void)close(l->fd);
	free(l->text);
	free(l->at);
	free(l);
}

bool
ledger_has(const struct ledger *l, const char *play)
{
	return l->n > 0 && bsearch(&play, l->at, l->n, sizeof *l->at, compare) != NULL;
}

void
ledger_add(struct ledger *l, const char *play)
{
	MMS_AUTO(mms_str) line = { 0 };

	if (l->fd < 0)
		return;
	mms_str_addf(&line, "%s\n", play);
	put(l, mms_str_get(&line));
}
