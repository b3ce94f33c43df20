/* The strict reader (see the header). */
#include "support/exposition.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILIES_MAX 256

struct reader {
	const char *at;
	int line;
	char name[128], type[16]; /* of the family that is being read; "" before its TYPE */
	bool has_type;
	char families[FAMILIES_MAX][128];
	size_t n_families;
	char *samples[1 << 16]; /* of the family: what stands before their values */
	size_t n_samples;
};

static char why[256];

static bool
refuse(const struct reader *r, const char *what)
{
	(void)snprintf(why, sizeof why, "line %d: %s: %.80s", r->line, what, r->at);
	return false;
}

/* The length of a name at p: of a metric (colons are allowed), of a label. */
static size_t
name_length(const char *p, bool is_metric)
{
	size_t n = 0;

	while (isalpha((unsigned char)p[n]) || p[n] == '_' || (is_metric && p[n] == ':') ||
	       (n > 0 && isdigit((unsigned char)p[n])))
		n++;
	return n;
}

static void
forget_samples(struct reader *r)
{
	while (r->n_samples > 0)
		free(r->samples[--r->n_samples]);
}

/* "# HELP name text": a new family. */
static bool
read_help(struct reader *r, const char *end)
{
	const char *p = r->at + strlen("# HELP ");
	size_t n = name_length(p, true);

	if (n == 0 || n >= sizeof r->name || p[n] != ' ' || p + n + 1 == end)
		return refuse(r, "HELP without a name or a text");
	for (const char *q = p + n; q < end; q++) {
		if (*q == '\\' && *++q != '\\' && *q != 'n')
			return refuse(r, "an escape that HELP has not");
	}
	if (r->n_families > 0 && r->n_samples == 0 && strcmp(r->type, "gauge") != 0)
		return refuse(r, "a family without samples before");
	forget_samples(r);
	(void)snprintf(r->name, sizeof r->name, "%.*s", (int)n, p);
	r->has_type = false;
	for (size_t i = 0; i < r->n_families; i++) {
		if (strcmp(r->families[i], r->name) == 0)
			return refuse(r, "a family that was there already");
	}
	if (r->n_families == FAMILIES_MAX)
		return refuse(r, "too many families");
	memcpy(r->families[r->n_families++], r->name, sizeof r->name);
	return true;
}

static bool
read_type(struct reader *r, const char *end)
{
	const char *p = r->at + strlen("# TYPE ");
	size_t n = strlen(r->name);

	if (strncmp(p, r->name, n) != 0 || p[n] != ' ' || r->has_type || n == 0)
		return refuse(r, "TYPE that does not follow its HELP");
	(void)snprintf(r->type, sizeof r->type, "%.*s", (int)(end - p - (long)n - 1),
		       p + n + 1);
	r->has_type = true;
	if (strcmp(r->type, "counter") != 0 && strcmp(r->type, "gauge") != 0 &&
	    strcmp(r->type, "summary") != 0)
		return refuse(r, "an unknown type");
	bool is_total = n > 6 && strcmp(r->name + n - 6, "_total") == 0;
	return is_total == (strcmp(r->type, "counter") == 0) ||
	       refuse(r, "_total is for counters, and they have it");
}

/* {name="value",...}; *p is behind it afterwards. */
static bool
read_labels(struct reader *r, const char **p)
{
	char seen[16][64];
	size_t n_seen = 0;

	while (**p != '}') {
		const char *q = *p + 1; /* behind { or , */
		size_t n = name_length(q, false);
		if (n == 0 || n >= sizeof seen[0] || strncmp(q + n, "=\"", 2) != 0 ||
		    n_seen == 16)
			return refuse(r, "a label that is none");
		(void)snprintf(seen[n_seen], sizeof seen[0], "%.*s", (int)n, q);
		for (size_t i = 0; i < n_seen; i++) {
			if (strcmp(seen[i], seen[n_seen]) == 0)
				return refuse(r, "a label twice");
		}
		n_seen++;
		for (q += n + 2; *q != '"'; q++) {
			if (*q == '\n' || *q == '\0')
				return refuse(r, "a label without an end");
			if (*q == '\\' && strchr("\\\"n", *++q) == NULL)
				return refuse(r, "an unknown escape");
		}
		*p = q + 1;
		if (**p != ',' && **p != '}')
			return refuse(r, "no , or } behind a label");
	}
	++*p;
	return true;
}

/* Is this the name that samples of the family have? It is n bytes long. */
static bool
is_name_of(const struct reader *r, size_t n)
{
	size_t own = strlen(r->name);
	const char *suffix = r->at + own;

	if (strcmp(r->type, "summary") != 0)
		return n == own;
	return (n == own + 4 && strncmp(suffix, "_sum", 4) == 0) ||
	       (n == own + 6 && strncmp(suffix, "_count", 6) == 0);
}

static bool
read_sample(struct reader *r, const char *end)
{
	const char *p = r->at;
	size_t n = name_length(p, true), own = strlen(r->name);
	char *number_end;

	if (!r->has_type || n < own || strncmp(p, r->name, own) != 0)
		return refuse(r, "a sample outside its family");
	if (!is_name_of(r, n))
		return refuse(r, "a name that its type has not");
	p += n;
	if (*p == '{' && !read_labels(r, &p))
		return false;
	if (*p != ' ')
		return refuse(r, "no blank before the value");
	double value = strtod(p + 1, &number_end);
	if (number_end != end || isspace((unsigned char)p[1]))
		return refuse(r, "a value that is no number, or something behind it");
	if (value < 0 && strcmp(r->type, "gauge") != 0)
		return refuse(r, "a counter below zero");
	for (size_t i = 0; i < r->n_samples; i++) {
		if (strncmp(r->samples[i], r->at, (size_t)(p - r->at) + 1) == 0)
			return refuse(r, "a sample twice");
	}
	if (r->n_samples == sizeof r->samples / sizeof r->samples[0])
		return refuse(r, "too many samples");
	r->samples[r->n_samples++] = strndup(r->at, (size_t)(p - r->at) + 1);
	return true;
}

const char *
exposition_check(const char *text)
{
	struct reader *r = calloc(1, sizeof *r);
	bool is_ok = r != NULL;

	why[0] = '\0';
	if (r != NULL)
		r->at = text;
	while (is_ok && *r->at != '\0') {
		const char *end = strchr(r->at, '\n');
		r->line++;
		if (end == NULL)
			is_ok = refuse(r, "the last line has no end");
		else if (strncmp(r->at, "# HELP ", 7) == 0)
			is_ok = read_help(r, end);
		else if (strncmp(r->at, "# TYPE ", 7) == 0)
			is_ok = read_type(r, end);
		else
			is_ok = read_sample(r, end);
		r->at = is_ok ? end + 1 : r->at;
	}
	if (r != NULL)
		forget_samples(r);
	free(r);
	return is_ok ? NULL : why;
}

const char *
exposition_value(const char *text, const char *sample)
{
	static char value[64];
	size_t n = strlen(sample);

	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		if (strncmp(p, sample, n) != 0 || p[n] != ' ')
			continue;
		(void)snprintf(value, sizeof value, "%.*s", (int)strcspn(p + n + 1, "\n"),
			       p + n + 1);
		return value;
	}
	return "absent";
}

size_t
exposition_count(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		n += *p != '#';
	return n;
}
