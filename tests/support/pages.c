/* Examples out of pages, and their outputs compared (see the header). */
#include "support/pages.h"

#include "support/unit.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum block { PROSE, CONSOLE, OTHER };

/* Where the reading of a page stands. */
struct reader {
	struct pages *pages;
	const char *page;
	int line;
	enum block block;
	bool is_running; /* lines belong to the output of the last example */
};

static struct example *
add(struct reader *r, const char *command)
{
	struct pages *p = r->pages;

	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 64;
		p->items = realloc(p->items, p->cap * sizeof *p->items);
		assert_non_null(p->items);
	}
	struct example *e = &p->items[p->n++];
	*e = (struct example){ .line = r->line };
	(void)snprintf(e->page, sizeof e->page, "%s", r->page);
	(void)snprintf(e->command, sizeof e->command, "%s", command);
	return e;
}

/* "mmsync " where a word begins; NULL: there is none. */
static const char *
find_command(const char *line)
{
	for (const char *p = line; (p = strstr(p, "mmsync ")) != NULL; p++) {
		if (p == line || p[-1] == ' ' || p[-1] == '\t')
			return p + strlen("mmsync ");
	}
	return NULL;
}

static void
add_block_line(struct reader *r, const char *line)
{
	const char *command = find_command(line);

	if (command != NULL && line[0] != '#' && strchr(" &|[", command[0]) == NULL)
		(void)add(r, command);
}

/* `mmsync sync --due` in a sentence. */
static void
add_spans(struct reader *r, const char *line)
{
	char span[512];

	for (const char *p = line; (p = strstr(p, "`mmsync ")) != NULL;) {
		const char *begin = p + strlen("`mmsync "), *end = strchr(begin, '`');
		if (end == NULL)
			return;
		(void)snprintf(span, sizeof span, "%.*s", (int)(end - begin), begin);
		if (islower((unsigned char)span[0]) || span[0] == '-')
			(void)add(r, span);
		p = end + 1;
	}
}

static void
add_output(struct reader *r, const char *line)
{
	struct example *last = &r->pages->items[r->pages->n - 1];
	size_t had = strlen(last->output), len = strlen(line);

	last->output = realloc(last->output, had + len + 2);
	assert_non_null(last->output);
	(void)snprintf(last->output + had, len + 2, "%s\n", line);
}

static void
read_markdown(struct reader *r, const char *line)
{
	const char *text = line + strspn(line, " "); /* a block may belong to a list */

	if (strncmp(text, "```", 3) == 0) {
		r->block = r->block != PROSE                      ? PROSE
			   : strncmp(text + 3, "console", 7) == 0 ? CONSOLE
								  : OTHER;
		r->is_running = false;
	} else if (r->block == PROSE) {
		add_spans(r, line);
	} else if (r->block == OTHER) {
		add_block_line(r, line);
	} else if (strncmp(line, "$ mmsync ", 9) == 0) {
		add(r, line + 9)->output = calloc(1, 1);
		r->is_running = true;
	} else if (r->is_running) {
		add_output(r, line);
	}
}

/* mdoc's spelling of what is typed: "\-" and "\(aq". */
static void
unescape(char *line)
{
	char *to = line;

	for (const char *p = line; *p != '\0'; p++) {
		if (strncmp(p, "\\(aq", 4) == 0) {
			*to++ = '\'';
			p += 3;
		} else if (p[0] == '\\' && p[1] == 'e') {
			*to++ = *p++;
		} else if (p[0] == '\\' && p[1] == '&') {
			p++;
		} else if (p[0] == '\\' && p[1] == '-') {
			*to++ = *++p;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

static void
read_manual(struct reader *r, char *line)
{
	if (strncmp(line, ".Bd -literal", 12) == 0)
		r->block = OTHER;
	else if (strncmp(line, ".Ed", 3) == 0)
		r->block = PROSE;
	unescape(line);
	if (r->block == OTHER)
		add_block_line(r, line);
}

static void
read_page(struct pages *pages, const char *path)
{
	struct reader r = { .pages = pages, .page = path };
	bool is_markdown = strstr(path, ".md") != NULL;
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	if (file == NULL) {
		fail_msg("%s cannot be read", path);
		return;
	}
	while (getline(&line, &cap, file) > 0) {
		r.line++;
		line[strcspn(line, "\n")] = '\0';
		if (is_markdown)
			read_markdown(&r, line);
		else
			read_manual(&r, line);
	}
	free(line);
	fclose(file);
}

void
pages_load(struct pages *pages)
{
	static const char *const patterns[] = { "README.md", "docs/*.md", "docs/decisions/*.md",
						"schema/README.md", "docs/mmsync.1" };

	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		glob_t found = { 0 };
		if (glob(patterns[i], 0, NULL, &found) != 0)
			fail_msg("there is no %s", patterns[i]);
		for (size_t k = 0; k < found.gl_pathc; k++)
			read_page(pages, found.gl_pathv[k]);
		globfree(&found);
	}
}

void
pages_release(struct pages *pages)
{
	for (size_t i = 0; i < pages->n; i++)
		free(pages->items[i].output);
	free(pages->items);
	*pages = (struct pages){ 0 };
}

/* One word at *p: quotes are taken off, the word is closed. */
static char *
take_word(char **p)
{
	char *word = *p, *to = *p, quote = '\0';

	for (; **p != '\0' && (quote != '\0' || **p != ' '); ++*p) {
		if (quote == '\0' && (**p == '\'' || **p == '"'))
			quote = **p;
		else if (**p == quote)
			quote = '\0';
		else
			*to++ = **p;
	}
	if (**p != '\0')
		++*p;
	*to = '\0';
	return word;
}

size_t
pages_split(char *text, const char *words[PAGES_WORDS_MAX + 1])
{
	size_t n = 0;

	for (char *p = text; n < PAGES_WORDS_MAX;) {
		p += strspn(p, " \t");
		/* What stands behind a backslash at a line's end is not read. */
		if (*p == '\0' || strchr("|<>#;&\\", *p) != NULL)
			break;
		/* Help and manual put two blanks and a remark behind a command. */
		words[n++] = take_word(&p);
		if (*p == ' ')
			break;
	}
	words[n] = NULL;
	return n;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static size_t
uuid_length(const char *p)
{
	size_t n = 0;

	while (n < 36 &&
	       (n == 8 || n == 13 || n == 18 || n == 23 ? p[n] == '-'
							: isxdigit((unsigned char)p[n])))
		n++;
	return n == 36 ? n : 0;
}

/* The milliseconds that end a row of a table of integrations, the seconds of the story. */
static void
drop_durations(char *line, size_t n_fields)
{
	char *last = strrchr(line, ' '), *seconds = strstr(line, " seconds.");

	if (strncmp(line, "MM-CI-", 6) == 0 && n_fields >= 9 && last != NULL)
		*last = '\0';
	if (strncmp(line, "That was it, in ", 16) == 0 && seconds != NULL)
		memmove(line + 16, seconds, strlen(seconds) + 1);
}

/* Which number a row got depends on which worker was first. */
static void
drop_row_numbers(char *line)
{
	for (char *p = line; (p = strstr(p, "MM-CES-")) != NULL; p++) {
		size_t len = strcspn(p, " ");
		while (len > 0 && isdigit((unsigned char)p[len - 1]))
			p[--len] = 'N';
	}
}

/* A line without what differs from run to run. */
static void
plain(const char *line, size_t len, char *out, size_t size)
{
	size_t n = 0, n_fields = 1;

	for (size_t i = 0; i < len && n + 8 < size; i++) {
		bool is_blank = line[i] == ' ' && (n == 0 || out[n - 1] == ' ');
		if (is_blank)
			continue;
		n_fields += line[i] == ' ';
		if (uuid_length(line + i) > 0) {
			n += (size_t)snprintf(out + n, size - n, "UUID");
			i += 35;
		} else {
			out[n++] = line[i];
		}
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	drop_durations(out, n_fields);
	drop_row_numbers(out);
}

/* The next line of a text, plain; false at its end. */
static bool
next_line(const char **text, char *out, size_t size)
{
	size_t len = strcspn(*text, "\n");

	if (**text == '\0')
		return false;
	plain(*text, len, out, size);
	*text += len + ((*text)[len] == '\n');
	return true;
}

bool
pages_match(const char *shown, const char *output, char *why, size_t size)
{
	char want[2048], got[2048];
	bool may_skip = false;

	while (next_line(&shown, want, sizeof want)) {
		bool is_found = false;
		if (strcmp(want, "...") == 0) {
			may_skip = true;
			continue;
		}
		do {
			if (!next_line(&output, got, sizeof got))
				break;
			is_found = strcmp(want, got) == 0;
		} while (!is_found && may_skip);
		if (!is_found) {
			(void)snprintf(why, size, "no line '%s'; there is '%s'", want, got);
			return false;
		}
		may_skip = false;
	}
	while (!may_skip && next_line(&output, got, sizeof got)) {
		if (got[0] != '\0') {
			(void)snprintf(why, size, "one line too many: '%s'", got);
			return false;
		}
	}
	return true;
}
