/*
 * What docs/ repeats of the program's tables: the commands and options of the manual and of the
 * completion, the settings, the exit statuses. Each file holds marks
 *
 *   BEGIN commands ... END commands
 *
 * in comments of its own kind; what stands between them is made here.
 *
 *   tables --write FILE...   make it anew (make docs)
 *   tables --check FILE...   tell what is not as it would be made; exit status 1
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/app.h"
#include "mmsync/config.h"
#include "mmsync/doctype.h"

/* ---- mdoc ---------------------------------------------------------------------------------- */

/* Text of ours in a line of mdoc: backslashes and hyphens as they are typed, no macro by accident. */
static void
put_text(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (i == 0 && (c == '.' || c == '\''))
			fputs("\\&", out);
		if (c == '\\')
			fputs("\\e", out);
		else if (c == '-')
			fputs("\\-", out);
		else
			fputc(c, out);
	}
}

/* Filled text, a sentence a line, as mdoc wants it. */
static void
put_filled(FILE *out, const char *text, size_t len)
{
	size_t begin = 0;

	for (size_t i = 0; i < len; i++) {
		bool is_end = i + 2 < len && strchr(".?!", text[i]) != NULL &&
			      text[i + 1] == ' ' && isupper((unsigned char)text[i + 2]);
		if (!is_end)
			continue;
		put_text(out, text + begin, i + 1 - begin);
		fputc('\n', out);
		begin = i + 2;
	}
	put_text(out, text + begin, len - begin);
	fputc('\n', out);
}

/* The paragraphs of a verb's help: those that begin with two blanks are shown as they are. */
static void
put_more(FILE *out, const char *more)
{
	bool is_display = false;

	while (more != NULL && *more != '\0') {
		size_t len = strcspn(more, "\n");
		bool is_literal = strncmp(more, "  ", 2) == 0;

		if (is_literal && !is_display)
			fputs(".Bd -literal -offset indent\n", out);
		if (!is_literal && is_display)
			fputs(".Ed\n", out);
		if (!is_literal && len > 0)
			fputs(".Pp\n", out);
		if (is_literal) {
			put_text(out, more + 2, len - 2);
			fputc('\n', out);
		} else if (len > 0) {
			put_filled(out, more, len);
		}
		is_display = is_literal;
		more += len + (more[len] == '\n');
	}
	if (is_display)
		fputs(".Ed\n", out);
}

/* "auto|always|never" becomes words that are typed, a NAME one that is replaced. */
static void
put_argument(FILE *out, const char *arg)
{
	if (strchr(arg, '|') == NULL) {
		fprintf(out, " Ar %s", arg);
		return;
	}
	for (const char *p = arg; *p != '\0';) {
		size_t len = strcspn(p, "|");
		fprintf(out, " %s %.*s", isupper((unsigned char)*p) ? "Ar" : "Cm", (int)len, p);
		p += len;
		if (*p == '|') {
			fputs(" \\*(Ba", out);
			p++;
		}
	}
}

static void
put_options(FILE *out, const struct mms_opt *opts)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct mms_opt *o = opts; o->name != NULL; o++) {
		fprintf(out, ".It Fl \\-%s", o->name);
		if (o->arg != NULL)
			put_argument(out, o->arg);
		fprintf(out, "\n%c", toupper((unsigned char)o->help[0]));
		put_text(out, o->help + 1, strlen(o->help) - 1);
		fputs(".\n", out);
	}
	fputs(".El\n", out);
}

static void
put_commands(FILE *out)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	for (size_t i = 0; i < n; i++) {
		const struct mms_verb *v = &verbs[i];

		fprintf(out, ".Ss %s\n.Nm\n.Op Ar global options\n.Cm %s\n", v->name, v->name);
		for (const struct mms_opt *o = v->opts; o != NULL && o->name != NULL; o++) {
			bool is_repeatable = o->type == MMS_OPT_TEXTS;
			fprintf(out, ".%s Fl \\-%s", is_repeatable ? "Oo" : "Op", o->name);
			if (o->arg != NULL)
				put_argument(out, o->arg);
			fputs(is_repeatable ? " Oc Ns ...\n" : "\n", out);
		}
		if (v->args[0] == '[')
			fprintf(out, ".Op Ar %.*s\n", (int)strcspn(v->args + 1, "]"),
				v->args + 1);
		else if (v->args[0] != '\0')
			fprintf(out, ".Ar %s\n", v->args);
		fprintf(out, ".Pp\n%c", toupper((unsigned char)v->help[0]));
		put_text(out, v->help + 1, strlen(v->help) - 1);
		fputs(".\n", out);
		put_more(out, v->more);
		if (v->opts != NULL) {
			fputs(".Pp\nOptions:\n", out);
			put_options(out, v->opts);
		}
	}
}

static void
put_globals(FILE *out)
{
	put_options(out, mms_global_opts());
}

static void
put_values(FILE *out, const struct mms_config_row *row)
{
	switch (row->type) {
	case MMS_CONFIG_BOOL:
		fputs("true or false", out);
		break;
	case MMS_CONFIG_INT:
		fprintf(out, "%lld to %lld", (long long)row->min, (long long)row->max);
		break;
	case MMS_CONFIG_CHOICE:
		for (size_t i = 0; row->choices[i] != NULL; i++)
			fprintf(out, "%s%s", i > 0 ? " or " : "", row->choices[i]);
		break;
	case MMS_CONFIG_HOSTS:
		fputs("a list of texts, host:port", out);
		break;
	case MMS_CONFIG_LISTEN:
		fputs("host:port", out);
		break;
	case MMS_CONFIG_URL:
		fputs("an address", out);
		break;
	case MMS_CONFIG_ZONE:
		fputs("UTC, site or an IANA zone", out);
		break;
	case MMS_CONFIG_SECRET:
		fputs("a text, never shown", out);
		break;
	case MMS_CONFIG_TEXT:
		fputs("a text", out);
		break;
	}
}

static void
put_settings(FILE *out)
{
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, ".It Cm %s\n", rows[i].key);
		put_filled(out, rows[i].help, strlen(rows[i].help));
		fputs("Value: ", out);
		put_values(out, &rows[i]);
		if (rows[i].default_text != NULL) {
			fputs("; default ", out);
			put_text(out, rows[i].default_text, strlen(rows[i].default_text));
		}
		fputs(".\n", out);
	}
	fputs(".El\n", out);
}

/* Each exit status, with the codes in {"error": {"code"}} that lead to it. */
static void
put_statuses(FILE *out)
{
	static const struct {
		int status;
		const char *text;
	} rows[] = {
		{ 0, "Done and nothing is wrong, or the question was answered." },
		{ 1, "Done, but something failed or a violation was found: what, stands on "
		     "stdout." },
		{ 2, "Usage: an unknown command, option, integration, user or file." },
		{ 3, "Configuration: a setting must be changed, or the site is in maintenance "
		     "mode." },
		{ 4, "The database cannot be used: not reached, refused, or its schema is not "
		     "the right one." },
		{ 5, "Another run holds the lease of all that was chosen; nothing was done." },
		{ 6, "Timed out or interrupted; progress is kept." },
		{ 70, "Internal error, or out of memory: please report it." },
	};

	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool is_first = true;

		fprintf(out, ".It %d\n%s\n", rows[i].status, rows[i].text);
		for (int rc = 1; rc < MMS_RC_COUNT; rc++) {
			if (mms_rc_exit_status((mms_rc)rc) != rows[i].status)
				continue;
			fprintf(out, "%s\n.Ql %s", is_first ? "Codes:" : " ,",
				mms_rc_name((mms_rc)rc));
			is_first = false;
		}
		fputs(is_first ? "" : " .\n", out);
	}
	fputs(".El\n", out);
}

/* ---- bash ---------------------------------------------------------------------------------- */

static void
put_opt_names(FILE *out, const struct mms_opt *opts, bool only_with_argument)
{
	bool is_first = true;

	for (const struct mms_opt *o = opts; o != NULL && o->name != NULL; o++) {
		if (only_with_argument && o->arg == NULL)
			continue;
		fprintf(out, "%s--%s", is_first ? "" : " ", o->name);
		is_first = false;
	}
}

/* "--color) auto always never": the words that an option's argument may be. */
static void
put_choice(FILE *out, const struct mms_opt *o)
{
	fprintf(out, "\t--%s) _mmsync_words='", o->name);
	for (const char *p = o->arg; *p != '\0'; p++)
		fputc(*p == '|' ? ' ' : *p, out);
	fputs("' ;;\n", out);
}

static bool
has_choice(const struct mms_opt *o)
{
	return o->arg != NULL && strchr(o->arg, '|') != NULL;
}

/* An option of several commands has the same words in each: it stands once. */
static void
put_choices(FILE *out)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	for (const struct mms_opt *o = mms_global_opts(); o->name != NULL; o++) {
		if (has_choice(o))
			put_choice(out, o);
	}
	for (size_t i = 0; i < n; i++) {
		for (const struct mms_opt *o = verbs[i].opts; o != NULL && o->name != NULL;
		     o++) {
			bool is_new = has_choice(o);
			for (size_t k = 0; k < i; k++) {
				const struct mms_opt *e = verbs[k].opts;
				for (; e != NULL && e->name != NULL; e++)
					is_new = is_new && strcmp(e->name, o->name) != 0;
			}
			if (is_new)
				put_choice(out, o);
		}
	}
}

/* The first word of a verb's name, when no verb before it has the same. */
static const char *
first_word(size_t i, size_t *len)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	*len = strcspn(verbs[i].name, " ");
	for (size_t k = 0; k < i; k++) {
		if (strcspn(verbs[k].name, " ") == *len &&
		    strncmp(verbs[k].name, verbs[i].name, *len) == 0)
			return NULL;
	}
	return verbs[i].name;
}

static void
put_words(FILE *out)
{
	size_t n, len;
	const struct mms_verb *verbs = mms_verbs(&n);
	const char *word;

	fputs("_mmsync_commands='", out);
	for (size_t i = 0; i < n; i++) {
		if ((word = first_word(i, &len)) != NULL)
			fprintf(out, "%s%.*s", i > 0 ? " " : "", (int)len, word);
	}
	fputs("'\n_mmsync_globals='", out);
	put_opt_names(out, mms_global_opts(), false);
	fputs("'\n# the second words of a first one\n_mmsync_family() {\n\tcase $1 in\n", out);
	for (size_t i = 0; i < n; i++) {
		word = first_word(i, &len);
		if (word == NULL || word[len] == '\0')
			continue;
		fprintf(out, "\t%.*s) _mmsync_words='", (int)len, word);
		for (size_t k = i; k < n; k++) {
			if (strncmp(verbs[k].name, word, len + 1) == 0)
				fprintf(out, "%s%s", k > i ? " " : "",
					mms_verb_last_word(&verbs[k]));
		}
		fputs("' ;;\n", out);
	}
	fputs("\t*) _mmsync_words= ;;\n\tesac\n}\n", out);
}

/* " --site --color ": each option that is followed by its argument. */
static void
put_with_argument(FILE *out)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	fputs("# options that are followed by their argument\n_mmsync_with_argument=' ", out);
	put_opt_names(out, mms_global_opts(), true);
	for (size_t i = 0; i < n; i++) {
		if (verbs[i].opts != NULL)
			fputc(' ', out);
		put_opt_names(out, verbs[i].opts, true);
	}
	fputs(" '\n", out);
}

static void
put_completion(FILE *out)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	put_words(out);
	fputs("# the options of a command\n_mmsync_options() {\n\tcase $1 in\n", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "\t'%s') _mmsync_words='", verbs[i].name);
		put_opt_names(out, verbs[i].opts, false);
		fputs("' ;;\n", out);
	}
	fputs("\t*) _mmsync_words= ;;\n\tesac\n}\n"
	      "# does the command take files\n_mmsync_takes_files() {\n\tcase $1 in\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		if (strstr(verbs[i].args, "FILE") != NULL)
			fprintf(out, "\t'%s') return 0 ;;\n", verbs[i].name);
	}
	fputs("\tesac\n\treturn 1\n}\n# the words that the argument of an option may be\n"
	      "_mmsync_choices() {\n\tcase $1 in\n",
	      out);
	put_choices(out);
	fputs("\t*) _mmsync_words= ;;\n\tesac\n}\n", out);
	put_with_argument(out);
	fputs("_mmsync_doctypes=(", out);
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++)
		fprintf(out, "%s'%s'", d > 0 ? " " : "",
			mms_doctype_get((enum mms_doctype_id)d)->name);
	fputs(")\n", out);
}

/* ---- files --------------------------------------------------------------------------------- */

static const struct section {
	const char *name;
	void (*put)(FILE *out);
} sections[] = {
	{ "globals", put_globals },       { "commands", put_commands },
	{ "settings", put_settings },     { "statuses", put_statuses },
	{ "completion", put_completion },
};

static const struct section *
find_section(const char *line)
{
	const char *mark = strstr(line, "BEGIN ");

	for (size_t i = 0; mark != NULL && i < sizeof sections / sizeof sections[0]; i++) {
		size_t len = strlen(sections[i].name);
		if (strncmp(mark + 6, sections[i].name, len) == 0 &&
		    !isalnum((unsigned char)mark[6 + len]))
			return &sections[i];
	}
	return NULL;
}

/* The file with its sections made anew. Owns: *out, free(). */
static int
make_anew(const char *path, char **was, char **out)
{
	FILE *in = fopen(path, "r");
	size_t size = 0, was_size = 0, cap = 0, n_sections = 0;
	FILE *to = open_memstream(out, &size), *copy = open_memstream(was, &was_size);
	const struct section *inside = NULL;
	char *line = NULL;

	if (in == NULL || to == NULL || copy == NULL) {
		perror(path);
		return 1;
	}
	while (getline(&line, &cap, in) > 0) {
		fputs(line, copy);
		if (inside != NULL && strstr(line, "END ") != NULL &&
		    strstr(line, inside->name) != NULL)
			inside = NULL;
		if (inside != NULL)
			continue;
		fputs(line, to);
		inside = find_section(line);
		if (inside != NULL) {
			inside->put(to);
			n_sections++;
		}
	}
	free(line);
	fclose(in);
	fclose(to);
	fclose(copy);
	if (inside != NULL || n_sections == 0) {
		fprintf(stderr, "%s: no whole section\n", path);
		return 1;
	}
	return 0;
}

static int
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

/* The first line that differs. */
static int
tell(const char *path, const char *was, const char *is)
{
	size_t line = 1;

	for (; *was != '\0' && *was == *is; was++, is++)
		line += *was == '\n';
	if (*was == *is)
		return 0;
	printf("%s:%zu: not what make docs makes of the program's tables\n", path, line);
	return 1;
}

int
main(int argc, char **argv)
{
	int status = 0;

	if (argc < 3 || (strcmp(argv[1], "--write") != 0 && strcmp(argv[1], "--check") != 0)) {
		fprintf(stderr, "usage: tables --write|--check FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		char *was = NULL, *is = NULL;

		if (make_anew(argv[i], &was, &is) != 0)
			status = 1;
		else if (strcmp(argv[1], "--check") == 0)
			status |= tell(argv[i], was, is);
		else if (strcmp(was, is) != 0)
			status |= write_file(argv[i], is);
		free(was);
		free(is);
	}
	return status;
}
